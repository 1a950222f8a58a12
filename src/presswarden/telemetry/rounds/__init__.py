"""Look-ups across all organisations, for whoever makes the rounds: who is late, who was not read for long, whether there is news."""
