"""Lets payloads go once they have been kept long enough. Not for: events, hashes and checkpoints, which stay for ever."""
