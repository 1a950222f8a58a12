"""Sessions of people at the console: who is signed in, since when, from where. Not for: how they signed in (`accounts`)."""
