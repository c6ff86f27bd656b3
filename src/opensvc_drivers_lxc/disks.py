"""Disks of a container: what its root file system lies on, and the block devices that it mounts or is handed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from opensvc_core.api import Device
from opensvc_drivers_lxc.config import Configuration, ConfigurationError

ON_BLOCK = frozenset({"lvm", "rbd"})
IN_FILE = frozenset({"loop", "nbd"})
IN_FOLDER = frozenset({"aufs", "btrfs", "dir", "overlay", "overlayfs", "zfs"})
"""Backends whose root is a folder, or a dataset of a pool, which is the business of another resource."""
_ESCAPE = re.compile(r"\\([0-7]{3})")

IsBlock = Callable[[Path], bool]


def list_disks(configuration: Configuration, is_block: IsBlock = Path.is_block_device) -> tuple[Device, ...]:
    """Disks that a container's configuration names, each once.

    Args:
        configuration: of the container.
        is_block: whether a path is a block device.

    Raises:
        ConfigurationError: its table of mounts cannot be read.
    """
    found: dict[str, Device] = {}
    for device in (*_root(configuration, is_block), *_mounts(configuration, is_block)):
        known = found.get(device.path)
        if known is None or (device.is_writable and not known.is_writable):
            found[device.path] = device
    return tuple(found.values())


def _root(configuration: Configuration, is_block: IsBlock) -> Iterator[Device]:
    value = configuration.last("lxc.rootfs.path")
    backend, colon, path = value.partition(":")
    if not colon or backend not in ON_BLOCK | IN_FILE | IN_FOLDER:
        # LXC 1.x has the backend in a word of its own, or finds it out.
        backend, path = configuration.last("lxc.rootfs.backend"), value
    if not path or backend in IN_FOLDER:
        return
    is_writable = "ro" not in configuration.last("lxc.rootfs.options").split(",")
    if backend == "nbd" and not path.startswith("/dev/"):
        # nbd:FILE:PARTITION
        head, _, partition = path.rpartition(":")
        path = head if head and partition.isdigit() else path
    if backend in ON_BLOCK or path.startswith("/dev/") or is_block(Path(path)):
        yield Device(path, "block", is_writable=is_writable, target="/")
    elif backend in IN_FILE or Path(path).is_file():
        yield Device(path, "file", is_writable=is_writable, target="/")


def _mounts(configuration: Configuration, is_block: IsBlock) -> Iterator[Device]:
    lines = configuration.values("lxc.mount.entry")
    if table := configuration.last("lxc.mount.fstab"):
        try:
            lines = [*Path(table).read_text(errors="surrogateescape").splitlines(), *lines]
        except OSError as error:
            raise ConfigurationError(f"{table} cannot be read: {error.strerror}") from error
    for line in lines:
        words = [_ESCAPE.sub(lambda code: chr(int(code[1], 8)), word) for word in line.split()]
        if len(words) < 4 or not words[0].startswith("/dev/"):
            continue
        source, target, _, options = words[:4]
        given = set(options.split(","))
        # What is bound may be a disk, or /dev/fuse.
        if given & {"bind", "rbind"} and not is_block(Path(source)):
            continue
        yield Device(source, "block", is_writable="ro" not in given, target=f"/{target.lstrip('/')}")
