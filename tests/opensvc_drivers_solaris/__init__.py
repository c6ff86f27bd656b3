"""Tests of the Solaris drivers."""
