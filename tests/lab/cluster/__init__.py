"""Several nodes with the agent on them: what they share is only what a test sets up between them."""
