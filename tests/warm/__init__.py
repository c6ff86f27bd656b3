"""`osvc` without its start-up, for tests that are about what a command does: see `commands`."""
