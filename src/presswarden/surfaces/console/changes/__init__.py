"""Changes under way and done, each with its steps as they happen. Not for: carrying them out."""
