"""Clients of an agency: groups of sites that roles can be given for. Not for: AI clients (those are connections)."""
