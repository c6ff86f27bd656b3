"""The workspace itself: the settings of the tests, the Makefile, what may lie in the repository."""
