"""Tests of what a collector is told."""
