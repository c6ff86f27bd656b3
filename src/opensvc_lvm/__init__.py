"""LVM volume groups as disk resources of OpenSVC."""

from opensvc_lvm.driver import LinuxVolumeGroup

__all__ = ["LinuxVolumeGroup"]
