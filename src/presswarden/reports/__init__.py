"""What people read: views over what the stages hold, gathered in one place for every surface. Not for: changing, deciding or asking anything."""
