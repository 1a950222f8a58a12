"""What is kept about one person, and letting it go when they ask for that. Not for: ending their roles, which is identity's."""
