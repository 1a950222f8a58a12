"""What changed: who asked, who agreed, when it ran, what came of it, where that stands in the record. Not for: what is running now."""
