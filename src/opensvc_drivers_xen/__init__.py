"""Xen guests as container resources of OpenSVC, through ``xl`` or ``xm``."""

from opensvc_drivers_xen.driver import XenContainer

__all__ = ["XenContainer"]
