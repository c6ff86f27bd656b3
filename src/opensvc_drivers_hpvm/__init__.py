"""HP Integrity VM guests as OpenSVC container resources."""
