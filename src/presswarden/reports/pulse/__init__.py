"""Which of our processes run: each says now and then that it does. Not for: starting or judging them."""
