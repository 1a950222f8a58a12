"""One file for each running process, and the only readers of settings. Not for: work; they build a stage's parts, hand them what they need, and stop them."""
