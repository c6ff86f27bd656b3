"""Tests of the distribution opensvc-drivers-lxc."""
