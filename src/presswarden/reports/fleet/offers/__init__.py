"""What sites are offered, site by site and component by component. Not for: what is worth taking."""
