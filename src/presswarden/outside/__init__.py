"""The only code that opens a socket: one client for each kind of other side. Not for: deciding what to send or what an answer means."""
