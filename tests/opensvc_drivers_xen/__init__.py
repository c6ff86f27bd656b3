"""Tests of the distribution opensvc-drivers-xen."""
