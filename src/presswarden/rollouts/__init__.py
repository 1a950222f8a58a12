"""What becomes of approved proposals: work for each site, changes and their results. Not for: doing it (flows), or saying who may (gate)."""
