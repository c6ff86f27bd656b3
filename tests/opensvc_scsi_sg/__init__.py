"""The reservation backends of Linux: what they run, what they make of the answers."""
