"""Schema changes, oldest first, in dated files of one concern each. Not for: data that a stage can fill itself. They import no stage: a migration keeps its meaning."""
