"""What a service mounts, and whether a mount is of that: by device number, not by name; mostly pure."""

from __future__ import annotations

import json
import re
from enum import Enum
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.api import Resource
    from opensvc_drivers_linux.mountinfo import Mounted, Mounts

TAGS = ("LABEL", "UUID", "PARTLABEL", "PARTUUID")
"""By these mount(8) finds a device, as findfs(8) does."""
_NETWORK_TYPES = frozenset({"nfs", "nfs4", "cifs", "smb3", "ceph", "glusterfs", "9p", "virtiofs"})
_NETWORK = re.compile(r"//|[^/]+:/|\[[0-9A-Fa-f:.]+\]:/")
"""``//server/share``, ``server:/path``, ``[fd00::1]:/path``."""
_STAT = re.compile(r"(?P<major>[0-9a-f]+):(?P<minor>[0-9a-f]+):(?P<kind>[^:]*):(?P<path>/.*)", re.ASCII)


class Form(Enum):
    """How ``dev`` names what is mounted."""

    PATH = "path"
    """A block device, or an image file."""
    TAG = "tag"
    """``LABEL=data``, ``UUID=...``."""
    BIND = "bind"
    """A folder or file that is shown at a second place."""
    NAME = "name"
    """A network share, or a word for what has no device: only its name can be compared."""


@frozen
class Source:
    """What a service mounts, as far as this node knows it now.

    Attributes:
        form: how it is named.
        text: ``dev``, as in the service file.
        type: of the file system, empty if not given.
        numbers: ``major:minor`` of the block devices that it may be; of the file system that a bind's source lies on.
        device: path of the device, links not resolved; empty for none.
        root: of a bind: path of the source inside its file system.
        is_there: whether something of that name exists, so that it could be mounted.
        is_file: whether it is an image file, which is mounted through a loop device.
    """

    form: Form
    text: str
    type: str = ""
    numbers: frozenset[str] = frozenset()
    device: str = ""
    root: str = ""
    is_there: bool = True
    is_file: bool = False


@frozen
class FileFact:
    """What ``stat`` says of a path: kind in words, and ``major:minor`` of a device."""

    kind: str
    number: str

    @property
    def is_block(self) -> bool:
        """Whether it is a block device."""
        return self.kind.startswith("block")


STAT_FORMAT = "%t:%T:%F:%n"
"""For ``stat -L -c``; device numbers are hexadecimal, of other files 0."""


def parse_stat(text: str) -> Mapping[str, FileFact]:
    """Read what ``stat -L -c`` printed with ``STAT_FORMAT``; lines that are none are left out."""
    found: dict[str, FileFact] = {}
    for line in text.split("\n"):
        if match := _STAT.fullmatch(line):
            number = f"{int(match['major'], 16)}:{int(match['minor'], 16)}"
            found[match["path"]] = FileFact(match["kind"], number)
    return found


def parse_loops(text: str) -> Mapping[str, str] | None:
    """Read ``losetup -J -l -O NAME,MAJ:MIN,BACK-FILE``: ``major:minor`` to file; None if it is not that."""
    if not text.strip():
        # It prints nothing when there is no loop device.
        return {}
    try:
        entries = json.loads(text)["loopdevices"]
        return {str(entry["maj:min"]).strip(): str(entry["back-file"]) for entry in entries}
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def options_of(resource: Resource) -> frozenset[str]:
    """The words of ``mnt_opt``."""
    return frozenset(word.strip() for word in resource.text("mnt_opt").split(",") if word.strip())


def type_of(resource: Resource) -> str:
    """Type of the file system as the service file gives it, or empty."""
    return str(resource.options.get("type") or "")


def form_of(resource: Resource) -> Form:
    """How ``dev`` of a resource names what is mounted."""
    text = resource.text("dev")
    if {"bind", "rbind"} & options_of(resource):
        return Form.BIND
    name, equals, _ = text.partition("=")
    if equals and name in TAGS:
        return Form.TAG
    if type_of(resource) in _NETWORK_TYPES or _NETWORK.match(text) or not text.startswith("/"):
        return Form.NAME
    return Form.PATH


def bind_source(text: str, path: str, mounts: Mounts) -> Source:
    """The source of a bind by where its path, free of links, lies.

    Args:
        text: ``dev``.
        path: where that leads.
        mounts: of this node.
    """
    below = mounts.covering(path)
    if below is None:
        return Source(Form.BIND, text, is_there=False)
    rest = path if below.point == "/" else path[len(below.point) :]
    root = (below.root.rstrip("/") + rest).rstrip("/") or "/"
    return Source(Form.BIND, text, numbers=frozenset({below.number}), root=root)


def is_mount_of(mounted: Mounted, source: Source, devices: Mapping[str, FileFact]) -> bool:
    """Whether a mount is of a source.

    Args:
        mounted: the mount.
        source: what a service mounts.
        devices: what ``stat`` says of the devices that mounts name: of btrfs the kernel tells no device number.
    """
    if source.form is Form.NAME:
        same_type = not source.type or mounted.type == source.type or {mounted.type, source.type} == {"nfs", "nfs4"}
        return same_type and _trimmed(mounted.source) == _trimmed(source.text)
    if source.form is Form.BIND:
        return mounted.number in source.numbers and mounted.root == source.root
    if mounted.has_device:
        return mounted.number in source.numbers
    named = devices.get(mounted.source)
    return named is not None and named.is_block and named.number in source.numbers


def _trimmed(text: str) -> str:
    return text.rstrip("/") or text
