"""What operators do, through the doors of the library."""
