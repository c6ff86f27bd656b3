"""Every distribution is built, looked into and installed in empty environments."""
