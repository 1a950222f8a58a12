"""API tokens of people: scoped, expiring, shown once. Not for: sessions, nor connections of AI clients."""
