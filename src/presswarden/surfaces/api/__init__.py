"""The HTTP API for programs: the reads of the console, and proposals. Not for: adopting, approving, resuming; those are a person's, at a page or a terminal."""
