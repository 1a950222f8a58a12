"""Passkeys that people sign in with. Not for: consents, whose passkeys belong to `approvals` and to another name."""
