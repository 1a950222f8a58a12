"""What the HTTP API answered to a request that may come twice. Not for: answers to reads."""
