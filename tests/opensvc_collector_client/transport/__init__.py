"""Tests of how a collector is called."""
