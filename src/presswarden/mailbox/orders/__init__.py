"""Where standing orders lie: the bytes that the dispatcher signed ahead and that heartbeats get as an answer. Not for: making or signing them."""
