"""The one door: every call to a site passes here and leaves with a permit or with all the reasons against it. Not for: signing, sending."""
