"""Imports the agent and its drivers, and ends: run for the byte code that this leaves."""

from __future__ import annotations

import importlib
import pkgutil
import sqlite3  # noqa: F401 - the journal imports it late

PACKAGES = ("opensvc_core", "opensvc_drivers_kvm", "opensvc_drivers_linux", "opensvc_lvm", "opensvc_scsi_sg")

if __name__ == "__main__":
    for name in PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
