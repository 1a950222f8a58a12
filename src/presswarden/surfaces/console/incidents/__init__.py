"""Incidents: what looked wrong, what it holds back, and the person who closes it."""
