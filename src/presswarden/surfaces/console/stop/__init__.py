"""The kill switch: stop something in one step, see what stands still, and let an owner resume it. Not for: pausing a site, which is the site's page."""
