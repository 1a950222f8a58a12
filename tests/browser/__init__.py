"""The console in a real browser: Debian's Chromium against the real application on a loopback port."""
