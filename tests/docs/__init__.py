"""The examples of README.md and docs/ are run, and what the pages promise is held."""
