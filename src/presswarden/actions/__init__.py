"""The catalogue of everything a connector can be asked: class, risk, capability, arguments. Not for: deciding, asking or doing any of it."""
