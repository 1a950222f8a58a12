"""Signals that something looked wrong, folded into incidents that a person closes. Not for: acting on a site; the gate reads containment and gets quieter."""
