"""A container's configuration with its includes, in the words of LXC 2 and later or of 1.x (lxc.container.conf(5))."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from opensvc_core.api import ActionError

LARGEST = 1 << 20
"""Bytes of the largest file that is read."""
DEEPEST = 16
"""Includes in includes that are followed."""
AUTOSTART = "lxc.start.auto"

NEW_WORDS = {
    "lxc.utsname": "lxc.uts.name",
    "lxc.rootfs": "lxc.rootfs.path",
    "lxc.mount": "lxc.mount.fstab",
}
"""Words of LXC 1.x for what is read here, and those since 2.1."""
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
_SIZE = re.compile(r"(\d+)([KMGT]?)\Z", re.IGNORECASE | re.ASCII)
_RANGE = re.compile(r"(\d+)(?:-(\d+))?\Z", re.ASCII)


class ConfigurationError(ActionError):
    """A container's configuration cannot be read."""

    code = "definition"


@frozen
class Entry:
    """One line that sets something.

    Attributes:
        key: in the words of LXC 2.1.
        value: without blanks and quotes around it.
        file: in which it stands.
    """

    key: str
    value: str
    file: Path


@frozen
class Configuration:
    """What a container's file and the files that it includes say.

    Attributes:
        path: of the container's file.
        entries: in the order in which LXC reads them.
        files: that were read, the container's first.
    """

    path: Path
    entries: tuple[Entry, ...]
    files: tuple[Path, ...]

    def last(self, key: str) -> str:
        """The value that counts where a key may stand once, empty if it is not set."""
        return next((entry.value for entry in reversed(self.entries) if entry.key == key), "")

    def values(self, key: str) -> list[str]:
        """The values of a key that may stand several times; an empty one takes back those before it."""
        found: list[str] = []
        for entry in self.entries:
            if entry.key == key:
                found = [*found, entry.value] if entry.value else []
        return found

    @property
    def is_autostarted(self) -> bool:
        """Whether LXC starts it by itself when the node boots."""
        return self.last(AUTOSTART) not in {"", "0"}

    @property
    def vcpus(self) -> int | None:
        """Processors that it is bound to, None if it may use all, or that cannot be told."""
        text = self.last("lxc.cgroup2.cpuset.cpus") or self.last("lxc.cgroup.cpuset.cpus")
        return count_processors(text) if text else None

    @property
    def memory(self) -> int | None:
        """Bytes of memory that it may use, None if there is no limit, or that cannot be told."""
        text = self.last("lxc.cgroup2.memory.max") or self.last("lxc.cgroup.memory.limit_in_bytes")
        found = _SIZE.match(text)
        return int(found[1]) * _UNITS[found[2].upper()] if found else None


def read_configuration(path: Path) -> Configuration | None:
    """A container's configuration, None if there is no such file. Raises ConfigurationError."""
    if not path.exists():
        return None
    files: list[Path] = []
    entries = tuple(_read(path, files, 0))
    return Configuration(path, entries, tuple(files))


def _read(path: Path, files: list[Path], depth: int) -> Iterator[Entry]:
    if path in files or depth > DEEPEST:
        return
    files.append(path)
    for key, value in parse_lines(_text(path)):
        if key != "lxc.include":
            yield Entry(key, value, path)
            continue
        for included in _included(Path(value)):
            yield from _read(included, files, depth + 1)


def _included(path: Path) -> list[Path]:
    """The files that an include means: one, or all ``*.conf`` of a folder."""
    if path.is_dir():
        return sorted(path.glob("*.conf"))
    return [path] if path.exists() else []


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > LARGEST:
        raise ConfigurationError(f"{path} is no configuration: larger than {LARGEST} bytes")
    return content.decode(errors="surrogateescape")


def parse_lines(text: str) -> Iterator[tuple[str, str]]:
    """Key, in the words of LXC 2.1, and value of each line that has both."""
    for line in text.split("\n"):
        key, equals, value = line.strip().partition("=")
        key, value = key.strip(), value.strip()
        if not equals or key.startswith("#"):
            continue
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        yield NEW_WORDS.get(key, key), value


def count_processors(text: str) -> int | None:
    """How many processors a list of the kernel names (``0-3,8``), None if it is none."""
    named: set[int] = set()
    for part in text.split(","):
        found = _RANGE.match(part.strip())
        if found is None:
            return None
        first, last = int(found[1]), int(found[2] or found[1])
        if not first <= last < 1 << 16:
            return None
        named.update(range(first, last + 1))
    return len(named)
