"""Who opened which proposal, and who put it off: their table."""
