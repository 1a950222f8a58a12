"""The six questions that an agency asks, answered from what there is this moment. Not for: promises; docs/safety.md holds those, with their proofs."""
