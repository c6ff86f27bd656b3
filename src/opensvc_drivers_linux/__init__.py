"""Addresses and file systems of Linux hosts as resources of OpenSVC."""

from opensvc_drivers_linux.host_address import HostAddress
from opensvc_drivers_linux.mount import Mount

__all__ = ["HostAddress", "Mount"]
