"""Tests of `disk.lvm` and of `osvc node lvm`."""
