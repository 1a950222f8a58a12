"""Thinks: looks at what telemetry holds and files what it would recommend. Not for: adopting, approving, sending; it holds no site key and needs no model."""
