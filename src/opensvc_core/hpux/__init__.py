"""What the drivers of HP-UX share: LUNs as its mass storage subsystem knows them, and their special files."""
