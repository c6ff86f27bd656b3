"""LXC containers as OpenSVC container resources."""

from opensvc_drivers_lxc.driver import LxcContainer

__all__ = ["LxcContainer"]
