"""Verifying the record when a person asks for it: the wish, how far it is, what was found. Not for: the verifying itself, which is `verify`'s."""
