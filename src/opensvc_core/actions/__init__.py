"""One module a thing that an operator does."""
