"""Passkeys of people: the public halves, and the challenges that are out for new ones. Not for: checking what one signed."""
