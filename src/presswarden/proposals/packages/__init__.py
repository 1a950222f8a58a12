"""Which zip a version is, by hash: as fetched outside the sites, and as sites say they installed. Not for: fetching it, or keeping the zip itself."""
