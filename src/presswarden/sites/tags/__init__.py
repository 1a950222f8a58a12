"""Tags: words that people put on sites to find them again. Not for: deciding anything; policies know modes and clients, not tags."""
