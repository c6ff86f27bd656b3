"""Tests of the distribution opensvc-drivers-hpvm."""
