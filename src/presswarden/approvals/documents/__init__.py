"""The policy documents that people activated, every version kept. Not for: reading what they mean (policy)."""
