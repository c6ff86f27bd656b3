"""Our drivers, each held against the contract of drivers."""
