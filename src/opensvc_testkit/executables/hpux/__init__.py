"""Executables of HP-UX and of HP Integrity VM, after the vendor notes; nothing here was tried on HP-UX."""
