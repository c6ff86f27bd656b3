"""The conformance suite itself: a good driver passes it, and each broken one fails at the check meant for it."""
