"""Registered sites, their pairings, and the public keys pinned for each. Not for: what a site reports (telemetry), and not for signing or sending."""
