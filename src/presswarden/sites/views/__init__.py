"""Named filters over the fleet, each one person's own. Not for: what a filter means (`reports.fleet`)."""
