"""Addresses and file systems of Linux hosts."""
