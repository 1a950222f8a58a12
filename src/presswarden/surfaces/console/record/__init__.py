"""The record: the trail, one entry, verifying it, what changed in a time, and the six questions. Not for: changing anything; a record only grows."""
