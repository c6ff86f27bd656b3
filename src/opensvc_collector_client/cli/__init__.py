"""The commands that this distribution adds to `osvc`; nothing is imported before it is used."""
