"""Tickets to the origin for consents: their table."""
