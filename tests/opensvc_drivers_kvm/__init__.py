"""Tests of the distribution opensvc-drivers-kvm."""
