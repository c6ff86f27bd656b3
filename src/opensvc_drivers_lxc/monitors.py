"""The monitors of LXC on this node: each container has one, from before its start to after its last hook."""

from __future__ import annotations

import os
from pathlib import Path

TITLE = b"[lxc monitor] "
"""How LXC titles a monitor, followed by the folder and the name of its container (5.0.2; 1.0 too [R])."""
PROCESSES = Path("/proc")


def list_monitored(processes: Path = PROCESSES) -> frozenset[str]:
    """``FOLDER NAME`` of every container with a monitor in this process' pid namespace; empty where none can be seen.

    LXC calls a container stopped as soon as its monitor answers no more, while hooks after the stop still run in it.
    """
    try:
        own = (processes / "self/ns/pid").readlink()
        folders = [folder for folder in processes.iterdir() if folder.name.isdigit()]
    except OSError:
        return frozenset()
    found = set()
    for folder in folders:
        try:
            line = (folder / "cmdline").read_bytes()
            # A container may run LXC too: its monitors are none of this node's.
            if not line.startswith(TITLE) or (folder / "ns/pid").readlink() != own:
                continue
        except OSError:
            continue
        found.add(os.fsdecode(line[len(TITLE) :].rstrip(b"\0 ")))
    return frozenset(found)
