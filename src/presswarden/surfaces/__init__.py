"""The doors: ingest for sites, the command line for the machine's operator. Not for: deciding, signing, sending, or any rule of a stage."""
