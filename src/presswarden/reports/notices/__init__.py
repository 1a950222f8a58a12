"""Who is told of what happens, by mail or webhook. Not for: sending, which is the courier's; nor for anything that only the console shows."""
