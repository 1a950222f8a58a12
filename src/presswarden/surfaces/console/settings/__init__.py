"""What the organisation is called and tells whom, how long things are kept, where the control plane is and what of it runs. Not for: people and policies."""
