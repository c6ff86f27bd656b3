"""Platforms of the demo, a module each."""
