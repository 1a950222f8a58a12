"""How much may happen on each site without a person, and which of its snapshots were seen verified. Not for: deciding."""
