"""Tests of where commands run."""
