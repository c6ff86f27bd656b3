"""Service files: from their text to a Service, or to all that is wrong with them."""
