"""Who wrote and who could write, as the target and the disk's image tell it; the agent is not asked."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from tests.lab.uml.node import KernelNode
from tests.lab.uml.san import Lun, San
from tests.lab.uml.stamper import BLOCK

_STAMPER = Path(__file__).with_name("stamper.py")


@attrs.frozen
class Stamp:
    """One line of a writer.

    Attributes:
        at: when it came here, on this machine's monotonic clock: it was written before that.
        sequence: number of the stamp.
        error: number of the error that the disk gave; 0 for a stamp that it took.
    """

    at: float
    sequence: int
    error: int = 0


class Writer:
    """A node's program that stamps blocks of a volume whenever the node has it; see `stamper`."""

    def __init__(self, node: KernelNode, device: str, blocks: int, *guest: str) -> None:
        """Start it; returns once it looks for the volume.

        Args:
            node: where.
            device: the volume.
            blocks: of the volume.
            guest: folder of a simulated world, and the name of the guest in it as whose program it writes.
        """
        self.name = node.name
        self._stamps: list[Stamp] = []
        self._news = threading.Condition()
        self._is_ready = False
        self._process = node.popen([sys.executable, str(_STAMPER), device, node.name, str(blocks), *guest])
        self._thread = threading.Thread(target=self._read, daemon=True, name=f"writer on {node.name}")
        self._thread.start()
        with self._news:
            assert self._news.wait_for(lambda: self._is_ready, 30), f"no writer on {node.name}"

    @property
    def stamps(self) -> list[Stamp]:
        """All so far."""
        with self._news:
            return list(self._stamps)

    def wait_for(self, count: int, *, taken: bool = True, timeout: float = 60.0) -> None:
        """Wait until the disk took (or refused) that many more stamps than until now.

        Raises:
            TimeoutError: it did not.
        """
        with self._news:
            limit = self._count(taken=taken) + count
            if not self._news.wait_for(lambda: self._count(taken=taken) >= limit, timeout):
                raise TimeoutError(f"{self.name}: {self._stamps[-5:]}")

    def close(self) -> None:
        """End it. Its node may be off."""
        self._process.kill_group()
        self._thread.join(10)
        self._process.wait(10)

    def _count(self, *, taken: bool) -> int:
        return sum(1 for stamp in self._stamps if (stamp.error == 0) is taken)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            now = time.monotonic()
            word, *numbers = line.split()
            with self._news:
                if word == "ready":
                    self._is_ready = True
                elif word == "stamped":
                    self._stamps.append(Stamp(now, int(numbers[0])))
                else:
                    self._stamps.append(Stamp(now, int(numbers[1]), int(numbers[0])))
                self._news.notify_all()


@attrs.frozen
class Sighting:
    """What the target said of a disk.

    Attributes:
        asked: when it was asked, on this machine's monotonic clock.
        told: when it had answered.
        keys: registered ones.
        holder: key of the holder, 0 for none.
    """

    asked: float
    told: float
    keys: tuple[int, ...]
    holder: int


PAUSE = 0.02
"""Seconds between two looks at the target, each of which is two commands."""


@attrs.define
class Watch:
    """Asks the target again and again.

    Attributes:
        sightings: its answers so far.
    """

    sightings: list[Sighting] = attrs.field(factory=list)

    @property
    def holders(self) -> list[int]:
        """Who held the disk one after the other; nobody counts as nobody only at the begin and the end."""
        found: list[int] = []
        for sighting in self.sightings:
            if sighting.holder and (not found or found[-1] != sighting.holder):
                found.append(sighting.holder)
        return found


@contextmanager
def watched(san: San, lun: Lun) -> Iterator[Watch]:
    """Watch a disk's registrations for as long as the context is open, many times in what a step of the agent takes."""
    watch, is_over = Watch(), threading.Event()

    def look() -> None:
        while not is_over.is_set():
            asked = time.monotonic()
            seen = san.reservations(lun)
            holder = seen.holder.key if seen.holder else 0
            watch.sightings.append(Sighting(asked, time.monotonic(), seen.keys, holder))
            is_over.wait(PAUSE)

    thread = threading.Thread(target=look, daemon=True, name="watch")
    thread.start()
    try:
        yield watch
    finally:
        is_over.set()
        thread.join(30)


@attrs.frozen
class Volume:
    """A volume as it lies on a shared disk.

    Attributes:
        lun: the disk.
        offset: of the volume on it, in bytes.
        blocks: how many of `BLOCK` bytes.
    """

    lun: Lun
    offset: int
    blocks: int

    def last(self) -> tuple[str, int]:
        """Name and number of the last stamp; empty and 0 on a new volume."""
        return self._stamp(0)

    def between(self, first: int, last: int) -> list[tuple[str, int]]:
        """Stamps of those numbers, both included, as the disk has them."""
        return [self._stamp(1 + number % (self.blocks - 1)) for number in range(first, last + 1)]

    def _stamp(self, block: int) -> tuple[str, int]:
        name, _, number = self.lun.read(self.offset + BLOCK * block, 64).rstrip(b"\0").decode().partition(" ")
        return name, int(number or 0)


def verify_round(volume: Volume, before: int, writers: list[Writer], since: float) -> dict[str, int]:
    """Check the stamps that were written after number `before`; how many each node wrote.

    Raises:
        AssertionError: a stamp that the disk took is not there any more, or nodes wrote in turns.
    """
    # First what writers have been told, then what is on the disk: they go on writing meanwhile.
    taken = [
        (writer.name, stamp)
        for writer in writers
        for stamp in tuple(writer.stamps)
        if stamp.at > since and not stamp.error
    ]
    _, after = volume.last()
    found = volume.between(before + 1, after)
    assert [number for _, number in found] == list(range(before + 1, after + 1)), "a stamp was written over"
    order = [name for index, (name, _) in enumerate(found) if index == 0 or found[index - 1][0] != name]
    assert len(order) == len(set(order)), f"nodes wrote in turns: {order}"
    for name, stamp in taken:
        at = stamp.sequence - before - 1
        assert at < len(found), f"lost: {name} {stamp}"
        assert found[at][0] == name, f"lost: {name} {stamp}"
    return {name: sum(1 for each, _ in found if each == name) for name in order}
