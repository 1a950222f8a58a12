"""Envelopes of calls: a room of the mailbox with a table of its own. Not for: requests, or what an answer means."""
