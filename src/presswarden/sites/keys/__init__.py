"""Public keys: those pinned for each installation, and the pool of control keys. Not for: any private half but the sealed one of HMAC mode."""
