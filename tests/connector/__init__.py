"""The connector inside real WordPress sites, against a scripted control plane."""
