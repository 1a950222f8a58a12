"""Builds the signed test vectors of the contract. For tests only: every key in here is public, made from a fixed text."""
