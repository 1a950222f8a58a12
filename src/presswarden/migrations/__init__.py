"""Schema changes in dated files of one concern each. Not for: data a stage can fill itself. They import no stage, so each keeps its meaning."""
