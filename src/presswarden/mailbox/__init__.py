"""Requests to sites and what came of them: the rows between who asks and who sends. Not for: permitting, signing, sending, planning changes."""
