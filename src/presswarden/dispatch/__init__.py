"""The half that acts: it builds envelopes, signs them, sends them, and believes no answer before its receipt verifies. Not for: deciding, planning."""
