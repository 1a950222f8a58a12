"""The console without a browser: every route of the real application, in this process."""
