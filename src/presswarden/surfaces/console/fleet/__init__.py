"""The fleet: every site at a glance, what runs on them, and what is done to many at once. Not for: one site's own page (`sites`)."""
