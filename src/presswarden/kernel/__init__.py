"""What every stage stands on: ids, clock, errors, canonical bytes, signatures, trees, sealing, database session. Not for: any word of the domain."""
