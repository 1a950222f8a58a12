"""One site: connecting it, what is known of it, what it keeps, what may happen there. Not for: lists of sites, which are the fleet's."""
