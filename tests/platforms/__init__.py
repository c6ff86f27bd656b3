"""What holds on every platform alike."""
