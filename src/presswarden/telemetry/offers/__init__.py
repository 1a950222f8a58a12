"""Updates that sites are offered, and since when. Not for: judging an update (`policy`, `agents`), fetching it (`proposals.packages`)."""
