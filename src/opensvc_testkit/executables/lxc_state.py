"""Containers of one node's LXC: folders with a ``config``, and which of them run.

``/var/lib/lxc`` is always on the node's own disk, so that this machine's containers are left alone; another ``lxcpath``
is there too if it exists there, else a folder of this machine, which several nodes may share.
"""

# pathlib would add a third to the time of a call:
# ruff: noqa: PTH110, PTH123, PTH208
from __future__ import annotations

import os
from typing import Any

from opensvc_testkit.executables import life
from opensvc_testkit.executables.node_files import disk_of, place_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import Node, Power, World

    Running = dict[str, Any]

PLATFORM = "lxc"
LIBRARY = "/var/lib/lxc"
KEYS = ("apparmor", "arch", "autodev", "cap", "cgroup", "cgroup2", "console", "environment", "ephemeral", "execute",
        "group", "hook", "idmap", "include", "init", "keyring", "log", "monitor", "mount", "namespace", "net",
        "no_new_privs", "proc", "prlimit", "pty", "rootfs", "sched", "seccomp", "selinux", "signal", "start", "sysctl",
        "time", "tty", "uts")  # fmt: skip
"""First parts of the keys that LXC 5 knows, after ``lxc.``."""
FIRST_PID = 2000


class BadConfigError(Exception):
    """A ``config`` cannot be read; the text is the line that is wrong, without its end."""

    def __init__(self, line: str) -> None:
        super().__init__(line)
        self.line = line


def state_of(node: Node) -> dict[str, Any]:
    """The state of LXC on a node, made on first use: the running containers, by ``lxcpath:name``."""
    return node["platforms"].setdefault(PLATFORM, {"running": {}, "next_pid": FIRST_PID})


def key_of(path: str, name: str) -> str:
    """What tells a container from all others of its node."""
    return f"{path}:{name}"


def folder_of(store: str, node: Node, path: str) -> str:
    """Where a folder of containers lies on this machine."""
    return f"{disk_of(store, node['name'])}{path}" if path == LIBRARY else place_of(store, node["name"], path)


def names(store: str, node: Node, path: str) -> list[str]:
    """Containers that a folder defines, and those that run without being defined any more."""
    folder = folder_of(store, node, path)
    defined = [name for name in _entries(folder) if os.path.exists(f"{folder}/{name}/config")]
    running = [each["name"] for each in state_of(node)["running"].values() if each["path"] == path]
    return sorted({*defined, *running})


def _entries(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def read_config(store: str, node: Node, path: str, name: str) -> dict[str, list[str]] | None:
    """The values of each key of a container's configuration; None if it has none.

    Raises:
        BadConfigError: a line is wrong.
    """
    try:
        with open(f"{folder_of(store, node, path)}/{name}/config", encoding="utf-8") as file:
            lines = file.read().split("\n")
    except (FileNotFoundError, NotADirectoryError):
        return None
    found: dict[str, list[str]] = {}
    for line in lines:
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        key, equals, value = text.partition("=")
        parts = key.strip().split(".")
        if parts[0] != "lxc":
            continue
        if not equals or len(parts) < 2 or parts[1] not in KEYS:
            raise BadConfigError(text)
        found.setdefault(key.strip(), []).append(value.strip())
    return found


def rootfs_of(config: dict[str, list[str]]) -> str:
    """The folder or device of a container's root, without its kind of storage."""
    text = config.get("lxc.rootfs.path", [""])[-1]
    kind, colon, place = text.partition(":")
    return place if colon and "/" not in kind else text


def running(node: Node, path: str, name: str) -> Running | None:
    """What is known of a container that runs."""
    found: Running | None = state_of(node)["running"].get(key_of(path, name))
    return found


def word_of(node: Node, path: str, name: str) -> str:
    """``STOPPED``, ``RUNNING`` or ``FROZEN``."""
    container = running(node, path, name)
    if container is None:
        return "STOPPED"
    return "FROZEN" if node["powered"][container["name"]]["is_paused"] else "RUNNING"


def start(  # what, where, when
    store: str, world: World, node: Node, path: str, name: str, at: float
) -> None:
    """Run a container."""
    state = state_of(node)
    state["running"][key_of(path, name)] = {"name": name, "path": path, "pid": state["next_pid"], "began": at}
    state["next_pid"] += 1
    life.power_up(store, world, node, PLATFORM, name, at, key=key_of(path, name))


def kill(node: Node, path: str, name: str) -> None:
    """End a container at once."""
    life.power_down(node, name)
    state_of(node)["running"].pop(key_of(path, name), None)


def power_ended(folder: str, world: World, node: Node, power: Power, how: str, at: float) -> None:
    """The container's first process has ended: it is stopped, or started anew if that is what it asked for."""
    container = state_of(node)["running"].pop(power["key"], None)
    if container is not None and how == life.REBOOTED:
        start(folder, world, node, container["path"], container["name"], at)
