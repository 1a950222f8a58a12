"""Help, shortcuts, what this can and can't do, and where to report a weakness. Not for: pages of faults (`faults`)."""
