"""Shared disks, seen from outside the nodes: what is written where, who holds what, and faults of the target."""

from __future__ import annotations

import abc
import os
import re
from collections.abc import Sequence
from pathlib import Path

import attrs

from tests.lab.sgio.nexus import Nexus
from tests.lab.uml.specification import Attachment

# A key of the observer's own; no node's, which are 64 bits at random.
_OBSERVER_KEY = "0x1ab"
_RESERVE_6, _RELEASE_6 = "16", "17"
_UNIT_ATTENTION = 6
_NEWS = 10
"""More than a target can have for an initiator: each is told once, in the place of the next answer."""
_TYPES = {
    "Write Exclusive": 1,
    "Exclusive Access": 3,
    "Write Exclusive, registrants only": 5,
    "Exclusive Access, registrants only": 6,
    "Write Exclusive, all registrants": 7,
    "Exclusive Access, all registrants": 8,
}


@attrs.frozen(slots=True)
class Lun:
    """One shared disk.

    Attributes:
        number: of its logical unit.
        serial: its serial number: `lab-lun01`, …
        image: the file that holds what is written to it.
        size: in bytes.
    """

    number: int
    serial: str
    image: Path
    size: int

    def read(self, offset: int, length: int) -> bytes:
        """What is on the disk now, whatever nodes keep in memory."""
        with self.image.open("rb") as image:
            image.seek(offset)
            return image.read(length)

    def wipe(self) -> None:
        """Make it empty. Nodes that have read it may remember what they read."""
        os.truncate(self.image, 0)
        os.truncate(self.image, self.size)


@attrs.frozen(slots=True)
class Holder:
    """A reservation.

    Attributes:
        key: the key of who holds it.
        type: the number of its type: 5 is Write Exclusive, Registrants Only.
    """

    key: int
    type: int


@attrs.frozen(slots=True)
class Reservations:
    """What a target knows of one disk.

    Attributes:
        keys: the keys registered, one for each port of an initiator, sorted.
        holder: who holds the reservation, if anybody.
        generation: how often registrations have changed.
    """

    keys: tuple[int, ...]
    holder: Holder | None
    generation: int


class San(abc.ABC):
    """A target with shared disks.

    Attributes:
        luns: its disks, the first first.
        attachment: how nodes reach them.
        observer: an initiator that is no node's: what it is told, the target says.
        url: where initiators log in.
    """

    luns: Sequence[Lun]
    attachment: Attachment
    observer: Nexus
    url: str

    def __init__(self) -> None:
        """A target that blocks nothing."""
        self._blocked: set[int] = set()
        self._removed: list[Lun] = []

    def reservations(self, lun: Lun) -> Reservations:
        """Who holds and who is registered, as the target says, not as a node does.

        Raises:
            RuntimeError: the target does not say.
        """
        keys, holder = (self._observe(lun, "sg_persist", "-n", question) for question in ("-k", "-r"))
        generation = re.search(r"PR generation=0x([0-9a-f]+)", keys)
        found = re.search(r"Key=0x([0-9a-f]+)\n.*type: (.*)", holder)
        if generation is None:
            raise RuntimeError(f"the target says {keys!r}")
        return Reservations(
            tuple(sorted(int(word, 16) for word in re.findall(r"^ +0x([0-9a-f]+)$", keys, re.MULTILINE))),
            Holder(int(found[1], 16), _TYPES[found[2].strip()]) if found else None,
            int(generation[1], 16),
        )

    def clear(self, lun: Lun) -> None:
        """Drop all registrations, the reservation, and what `block` has done.

        Raises:
            RuntimeError: the target refuses.
        """
        self.unblock(lun)
        self._observe(lun, "sg_persist", "-n", "-o", "-I", "-S", _OBSERVER_KEY)
        self._observe(lun, "sg_persist", "-n", "-o", "-C", "-K", _OBSERVER_KEY)

    def block(self, lun: Lun) -> None:
        """Let the target answer `reservation conflict` to what nodes ask of the disk, reading included.

        With a reservation of the old kind (RESERVE 6). LIO then answers so to persistent reservations too, tgt does
        not.

        Raises:
            RuntimeError: the target refuses, as LIO does while anybody is registered.
        """
        self._observe(lun, "sg_raw", _RESERVE_6)
        self._blocked.add(lun.number)

    def unblock(self, lun: Lun) -> None:
        """End `block`; nothing happens when nothing is blocked.

        Raises:
            RuntimeError: the target refuses.
        """
        if lun.number in self._blocked:
            self._observe(lun, "sg_raw", _RELEASE_6)
            self._blocked.remove(lun.number)

    def remove(self, lun: Lun) -> None:
        """Take a disk away; who uses it gets errors. Nothing happens if it is away.

        Raises:
            RuntimeError: the target refuses.
        """
        if lun not in self._removed:
            self._remove(lun)
            self._removed.append(lun)

    def restore(self, lun: Lun) -> None:
        """Bring back a disk that was taken away, with its data; tgt forgets its registrations.

        Raises:
            RuntimeError: the target refuses.
        """
        if lun in self._removed:
            self._removed.remove(lun)
            self._restore(lun)

    def reset(self) -> None:
        """Thaw, restore and clear: empty disks that nobody holds and nothing keeps from the nodes.

        Raises:
            RuntimeError: the target refuses.
        """
        self.thaw()
        self.observer.log_in()
        for lun in self.luns:
            self.restore(lun)
            self.clear(lun)
            lun.wipe()

    @abc.abstractmethod
    def freeze(self) -> None:
        """Stop the target: it takes commands and answers none."""

    @abc.abstractmethod
    def thaw(self) -> None:
        """Let it go on."""

    @abc.abstractmethod
    def close(self) -> None:
        """Switch it off."""

    @abc.abstractmethod
    def _remove(self, lun: Lun) -> None: ...

    @abc.abstractmethod
    def _restore(self, lun: Lun) -> None: ...

    def _observe(self, lun: Lun, tool: str, *argv: str) -> str:
        device = self.observer.device(lun.number)
        line = [tool, device, *argv, "0", "0", "0", "0", "0"] if tool == "sg_raw" else [tool, *argv, device]
        for _ in range(_NEWS):
            done = self.observer.run(line)
            if done.returncode != _UNIT_ATTENTION:
                break
        if done.returncode:
            raise RuntimeError(f"{' '.join(line)}: {done.stderr}")
        return done.stdout


def make_luns(count: int, size: int, folder: Path) -> tuple[Lun, ...]:
    """Empty disks of `size` bytes each, their images in `folder`."""
    luns = tuple(Lun(n, f"lab-lun{n:02}", folder / f"lun{n}.img", size) for n in range(1, count + 1))
    for lun in luns:
        lun.image.touch()
        lun.wipe()
    return luns
