"""Tests of sessions between nodes and of what goes over them."""
