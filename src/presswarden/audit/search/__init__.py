"""Looking entries up. Not for: the tree and its proofs."""
