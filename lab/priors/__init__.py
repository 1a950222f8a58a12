"""Real updates of real components, judged as the product judges them: what happens beside what the priors say.

Limits: a few dozen releases of well-kept components. It shows whether the priors are out of proportion, not how often releases break.
"""
