"""What people, analysts and clients ask for: a proposal with its exact plan, fixed once filed. Not for: deciding, consenting or doing any of it."""
