"""The fleet in one list, and what runs on it: read, filtered, sorted and counted by the database. Not for: one site's page (`reports.sites`)."""
