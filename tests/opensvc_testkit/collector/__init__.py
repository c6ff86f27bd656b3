"""Tests of the recording collector."""
