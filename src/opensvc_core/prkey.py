"""This node's key for SCSI-3 persistent reservations: made once, at random, bound to this node and this machine."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from opensvc_core.errors import ReservationError
from opensvc_core.state_files import make_folder, sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from opensvc_core.node import Node

MACHINE_ID = Path("/etc/machine-id")
SECTION = "prkeys"
"""Section of ``node.conf`` with the keys of the other nodes: ``n1 = 0x1234abcd``."""


def key_file(node: Node) -> Path:
    """Where the key is kept; only its owner can read it."""
    return node.folders.var / "prkey"


def machine_id(file: Path = MACHINE_ID) -> str:
    """What tells this machine from its clones; empty where the system has none."""
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def format_key(key: int) -> str:
    """As tools and operators write it: ``0x`` and no leading zeros."""
    return f"{key:#x}"


def parse_key(text: str) -> int:
    """Read a key, with or without ``0x``, leading zeros ignored. Raises ValueError if it is none of 1 to 64 bit."""
    key = int(text.strip(), 16)
    if not 0 < key < 1 << 64:
        message = f"{text!r} is not a key of 1 to 64 bit other than zero"
        raise ValueError(message)
    return key


def own_key(node: Node, random_bits: Callable[[int], int], machine: str | None = None) -> int:
    """The key of this node; made at the first call.

    Args:
        node: this node.
        random_bits: gives a random number of that many bits (``secrets.randbits``).
        machine: id of this machine, read from the system by default.

    Raises:
        ReservationError: ``cloned`` when the key was made on another node or machine, ``same_key`` when ``node.conf``
            gives another node the same key, ``failed`` when the file cannot be read or written.
    """
    here = machine_id() if machine is None else machine
    path = key_file(node)
    try:
        stored = _read(path)
        if stored is None:
            stored = _make(path, node.name, here, random_bits)
        key = parse_key(stored["key"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReservationError(
            f"the reservation key in {path} cannot be used: {error}",
            code="failed",
            hint="restore the file from a backup, or see `osvc node prkey --help`",
        ) from error
    if (stored.get("node"), stored.get("machine_id")) != (node.name, here):
        raise ReservationError(
            f"the reservation key in {path} was made on node {stored.get('node')!r}, machine"
            f" {stored.get('machine_id')!r}; this is {node.name!r}, machine {here!r}: is this node a clone?",
            code="cloned",
            hint="two nodes with one key can both write to a disk: `osvc node prkey --new` makes one of its own",
        )
    twins = [name for name, other in peer_keys(node).items() if other == key]
    if twins:
        raise ReservationError(
            f"node {', '.join(twins)} has the same reservation key {format_key(key)} as this node",
            code="same_key",
            hint="on the node that is the clone: osvc node prkey --new",
        )
    return key


def peer_keys(node: Node) -> dict[str, int]:
    """Keys of other nodes by name, from ``[prkeys]`` of ``node.conf``; one that cannot be read is left out."""
    keys = {}
    for name, text in node.settings.get(SECTION, {}).items():
        with suppress(ValueError):
            if name != node.name.lower():
                keys[name] = parse_key(text)
    return keys


def exposed_keys(node: Node) -> str:
    """Why others than their owner can read the keys in ``node.conf``, and what to do; empty if they cannot."""
    path = node.folders.etc / "node.conf"
    try:
        mode = path.stat().st_mode
    except OSError:
        return ""
    if not node.settings.get(SECTION) or not mode & 0o077:
        return ""
    return f"{path} holds keys of nodes, and others than its owner can read it: chmod 600 {path}"


def forget_key(node: Node) -> None:
    """Set the stored key aside, so that the next use makes a new one."""
    path = key_file(node)
    if path.exists():
        path.replace(path.with_name("prkey.old"))


def _read(path: Path) -> dict[str, str] | None:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    stored = json.loads(text)
    if not isinstance(stored, dict) or not isinstance(stored.get("key"), str):
        message = "it does not hold a key"
        raise TypeError(message)
    return stored


def _make(path: Path, name: str, machine: str, random_bits: Callable[[int], int]) -> dict[str, str]:
    """Write a new key; of two processes that do so at once, both get the one that was first."""
    key = 0
    while not key:
        key = random_bits(64)
    stored = {"key": format_key(key), "node": name, "machine_id": machine}
    make_folder(path.parent)
    descriptor, name_of_scratch = tempfile.mkstemp(prefix=".prkey.", dir=path.parent)
    scratch = Path(name_of_scratch)
    try:
        os.write(descriptor, json.dumps(stored).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        os.link(scratch, path)
    except FileExistsError:
        first = _read(path)
        if first is None:
            raise
        return first
    finally:
        scratch.unlink()
    sync_folder(path.parent)
    return stored
