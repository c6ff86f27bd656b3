"""The demo plays to its end, and fails where a command does not do what it should."""
