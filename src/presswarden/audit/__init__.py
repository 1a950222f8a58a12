"""The append-only record of who did what, when and why: a Merkle log per organisation. Not for: debugging logs, metrics, anything secret."""
