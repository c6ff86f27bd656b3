"""LXC containers as OpenSVC container resources."""
