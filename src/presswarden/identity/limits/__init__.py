"""Times that an organisation sets, each between a floor and a ceiling: how long sessions live, how long what is kept is kept. Not for: what ends or deletes."""
