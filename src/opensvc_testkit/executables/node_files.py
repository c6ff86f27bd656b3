"""Files of a simulated node: ``/etc/xen/vm1.cfg`` may lie on the node's own disk, a folder of the cluster."""

# pathlib would add a third to the time of a call:
# ruff: noqa: PTH100, PTH110
from __future__ import annotations

import os


def disk_of(folder: str, node: str) -> str:
    """Where the disk of a node lies."""
    return f"{folder}/nodes/{node}"


def place_of(folder: str, node: str, path: str) -> str:
    """Where a path of a node lies on this machine: on the node's disk if it is there, else where it says."""
    own = f"{disk_of(folder, node)}{os.path.abspath(path)}"
    return own if os.path.exists(own) else path
