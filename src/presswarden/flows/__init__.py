"""Durable workflows: what acts on sites step by step and survives any crash. Not for: deciding, signing, or parking while people think."""
