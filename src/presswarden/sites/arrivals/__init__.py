"""What arrives from sites, as far as it must be known again: message ids and nonces, refused signatures, wrong tries by address. Not for: content."""
