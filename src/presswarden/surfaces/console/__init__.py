"""The console: what people see and decide in a browser. Not for: deciding anything itself; every verb is a stage's, every yes is consent's."""
