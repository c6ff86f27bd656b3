"""Service files: text in, a validated Service out."""
