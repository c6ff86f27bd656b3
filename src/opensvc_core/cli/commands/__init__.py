"""One module a group of commands; each imports what it uses inside the commands' bodies."""
