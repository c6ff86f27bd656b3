"""Tests of the collector's client."""
