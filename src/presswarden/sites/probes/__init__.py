"""How a site looks from outside, to whoever is no site of ours: name, certificate, answer, redirect. Not for: judging a site, or a change of it."""
