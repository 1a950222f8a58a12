"""Reads of many sites at once: which were asked, how far it is. Not for: anything that changes a site; plans have their own way."""
