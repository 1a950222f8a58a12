"""Checks and generators for this repository, run by `make`. Limits: nothing here is installed or imported by the product."""
