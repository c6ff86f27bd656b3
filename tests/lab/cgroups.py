"""Control groups of a lab node, on machines with cgroup v1, v2, or both side by side.

A node gets a group of its own in every hierarchy and a cgroup namespace rooted there, so that what runs inside sees
`/` and whatever it makes dies with the node.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import attrs

ROOT = Path("/sys/fs/cgroup")

_REMOVE_TRIES = 100
"""Times 10 ms: the kernel lets go of a group a moment after its last process has died."""


@attrs.frozen(slots=True)
class Hierarchy:
    """One mounted tree of control groups: a v1 controller, v1 without controller (systemd's), or the v2 tree."""

    path: Path
    options: str
    """Mount options that mount the same tree again; empty for v2."""

    @property
    def is_v2(self) -> bool:
        """Whether this is the unified tree."""
        return not self.options

    @property
    def filesystem(self) -> str:
        """The file system type to mount."""
        return "cgroup2" if self.is_v2 else "cgroup"


def list_hierarchies(mountinfo: str | None = None) -> list[Hierarchy]:
    """The trees mounted at or under `/sys/fs/cgroup`, read from `/proc/self/mountinfo` (or the text given)."""
    text = Path("/proc/self/mountinfo").read_text() if mountinfo is None else mountinfo
    found: dict[Path, Hierarchy] = {}
    for line in text.splitlines():
        left, _, right = line.partition(" - ")
        path, (kind, _, super_options) = Path(left.split()[4]), right.split(" ", 2)
        if path != ROOT and ROOT not in path.parents:
            continue
        if kind == "cgroup2":
            found[path] = Hierarchy(path, "")
        elif kind == "cgroup":
            words = [word for word in super_options.split(",") if word not in {"rw", "ro", "xattr", "noprefix"}]
            named = [f"none,{word}" for word in words if word.startswith("name=")]
            kept = [word for word in words if "=" not in word]
            found[path] = Hierarchy(path, named[0] if named else ",".join(kept))
    return [found[path] for path in sorted(found)]


def create(name: str) -> list[Path]:
    """Make the group `name` in every hierarchy; returns the `cgroup.procs` files through which a process joins."""
    doors = []
    for hierarchy in list_hierarchies():
        group = hierarchy.path / name
        group.mkdir(exist_ok=True)
        if hierarchy.is_v2:
            _delegate(hierarchy.path)
        for setting in ("cpuset.cpus", "cpuset.mems"):
            # A v1 cpuset is born empty and takes no process until it has CPUs and memory nodes.
            if not hierarchy.is_v2 and (group / setting).exists():
                (group / setting).write_text((hierarchy.path / setting).read_text())
        doors.append(group / "cgroup.procs")
    return doors


def _delegate(parent: Path) -> None:
    """Hand the controllers of the v2 tree down, as far as the kernel lets us: no test depends on one of them."""
    controllers = (parent / "cgroup.controllers").read_text().split()
    for controller in controllers:
        with contextlib.suppress(OSError):
            (parent / "cgroup.subtree_control").write_text(f"+{controller}")


def remove(prefix: str) -> None:
    """Remove the groups whose name starts with `prefix`, with everything under them. Their processes are dead."""
    for hierarchy in list_hierarchies():
        for top in hierarchy.path.glob(f"{prefix}*"):
            groups = [path for path in top.rglob("*") if path.is_dir()]
            for group in [*sorted(groups, reverse=True), top]:
                _rmdir(group)


def _rmdir(group: Path) -> None:
    for _ in range(_REMOVE_TRIES):
        try:
            group.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(0.01)
        else:
            return
