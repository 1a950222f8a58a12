"""`make demo`: one real WordPress is paired, seen and proved, before your eyes. Not for: fakes; it drives `presswarden` as a person would."""
