"""Tests of the simulated platforms: by running their executables, as an agent does."""
