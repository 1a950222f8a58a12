"""Presswarden: AI proposes, policy decides, people approve, and only signed, reversible actions reach a WordPress site."""
