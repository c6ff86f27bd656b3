"""The benchmarks: not how fast anything is, but that a figure that misses its limit is told."""
