"""Tests of the drivers that ship with the core."""
