"""People who left and asked to be forgotten: their names go, payloads about them too; the record keeps its hashes. Not for: ending their roles."""
