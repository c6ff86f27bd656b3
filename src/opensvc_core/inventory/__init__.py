"""What a node is, what its services are made of, what fills up, what is installed: for operators and collectors."""
