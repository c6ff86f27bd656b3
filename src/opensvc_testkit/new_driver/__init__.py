"""`osvc driver new`: a distribution with a driver, to begin with."""
