"""Tries at signing in, counted in the database, and browsers that somebody signed in with before. Not for: what is right or wrong."""
