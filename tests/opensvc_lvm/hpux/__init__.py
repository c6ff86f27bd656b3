"""Tests of the volume groups of HP-UX."""
