"""What waits for the dispatcher or a person: confirmations of pairings, and moves that sites told of. Not for: doing either."""
