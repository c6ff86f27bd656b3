"""Where guests really run: asked of the hypervisors themselves, past the agent, all the time while a test acts."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence

import attrs

from tests.lab.nodes import Node

PAUSE_SECONDS = 0.01
_ENDED = ("STOPPED", "")


def running(node: Node, name: str) -> bool:
    """Whether LXC says that a container runs on a node that is on."""
    done = node.exec(["/usr/bin/lxc-info", "-n", name, "-s", "-H"])
    state = done.stdout.strip()
    assert state or "doesn't exist" in done.stderr, f"{node.name}: lxc-info cannot tell: {done.stderr}"
    return state not in _ENDED


@attrs.frozen
class Sighting:
    """A guest seen on two nodes at once, or on a node where it must not be.

    Attributes:
        name: of the guest.
        nodes: where it was seen.
        at: seconds since the watch began.
    """

    name: str
    nodes: tuple[str, ...]
    at: float


class Watch:
    """Looks all the time on which nodes the kernel has processes of LXC guests. A context.

    LXC puts a container's processes into the control group `lxc.payload.NAME`: one that has a process runs. This costs
    a read of a file, so it is done a hundred times a second where a command could be run only now and then; `running`
    asks LXC's own command, and a test asks that at its end.
    """

    def __init__(self, nodes: Sequence[Node], *names: str) -> None:
        """Watch the guests `names` on `nodes`."""
        self._nodes = nodes
        self._names = names
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, name="oracle", daemon=True)
        self._guard = threading.Lock()
        self.samples = 0
        self.twice: list[Sighting] = []
        self.seen: dict[str, set[str]] = {name: set() for name in names}

    def __enter__(self) -> Watch:
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _look(self) -> None:
        is_over = False
        while not is_over:
            is_over = self._end.wait(PAUSE_SECONDS)  # and one last look
            for name in self._names:
                found = self._where(name)
                self.seen[name] |= set(found)
                if len(found) > 1:
                    # They were not looked at in one instant: it may have left the first before it came to the second.
                    # Where it is still on both, it was on both when it was first seen on the last one.
                    found = [node for node in self._where(name) if node in found]
                if len(found) > 1:
                    self.twice.append(Sighting(name, tuple(found), time.monotonic() - self._began))
            self.samples += 1

    def _where(self, name: str) -> list[str]:
        return [node.name for node in self._nodes if has_processes(node, name)]


def has_processes(node: Node, name: str) -> bool:
    """Whether the kernel has processes of a container in a node."""
    # LXC makes the group in every hierarchy: one tells. It adds a number where one that died is still being removed.
    payload = f"lxc.payload.{name}"
    for top in node.control_groups[:1]:
        for group in _folders(str(top)):
            own, _, number = group.rpartition("-")
            if (group == payload or (own == payload and number.isdecimal())) and _has_members(f"{top}/{group}"):
                return True
    return False


def _has_members(group: str) -> bool:
    try:
        with open(f"{group}/cgroup.procs", "rb", buffering=0) as members:  # noqa: PTH123 - a hundred times a second
            if members.read(1):
                return True
    except OSError:
        return False
    return any(_has_members(f"{group}/{child}") for child in _folders(group))


def _folders(group: str) -> list[str]:
    """Names of the groups in a group; empty when it is gone."""
    try:
        with os.scandir(group) as entries:
            return [entry.name for entry in entries if entry.is_dir()]
    except OSError:
        return []
