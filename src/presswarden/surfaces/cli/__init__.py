"""The command line, on the machine that holds the database. Not for: settings (a process hands over a desk), deciding, signing or sending."""
