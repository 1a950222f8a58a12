"""One site as its page tells it: what is known, how old that is, and what stands against a change. Not for: lists of sites."""
