"""Tests of what the drivers of HP-UX share."""
