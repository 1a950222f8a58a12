"""Organisations, people and what their roles allow. Not for: sessions, passkeys or OAuth; and a role never stands in for an approval."""
