"""Platform-neutral drivers that ship with the core, reached like any other."""
