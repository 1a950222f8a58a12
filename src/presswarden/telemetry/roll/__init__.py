"""What runs where, in columns: one row for each site and one for each component of it. Not for: deciding by it; decisions read the inventory itself."""
