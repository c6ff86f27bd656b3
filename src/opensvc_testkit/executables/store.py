"""Where a simulated world is kept: one file, read and replaced under a lock; beside it, the record of calls.

The world is a marshal file: of what the standard library offers it costs the least to import (json: 6 ms a call).
Writer and reader are the same interpreter, and whoever can write the folder could as well change the executables.
"""

# pathlib would add a third to the time of a call:
# ruff: noqa: PTH103, PTH105, PTH123
from __future__ import annotations

import fcntl
import marshal
import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from opensvc_testkit.executables.shapes import World

FORMAT = 4
"""Of the marshal file; fixed, so that two Python versions can share a folder."""


class NoWorldError(Exception):
    """The folder holds no simulated cluster."""


class Store:
    """The folder of a simulated cluster."""

    __slots__ = ("folder",)

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def path(self, name: str) -> str:
        """A file of the folder."""
        return f"{self.folder}/{name}"

    def create(self, world: World) -> None:
        """Make the folder and its first world."""
        os.makedirs(self.folder, exist_ok=True)
        with open(self.path("lock"), "ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._replace(dump(world))

    def opened(self) -> Opened:
        """The world under the lock, for a ``with``: saved at its end if it changed, also after an exception."""
        return Opened(self)

    def record(self, entry: tuple[object, ...]) -> None:
        """Add one line to the record of calls; lines of processes at the same time do not mix."""
        line = f"{entry!r}\n".encode("utf-8", "backslashreplace")
        handle = os.open(self.path("calls"), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.write(handle, line)
        finally:
            os.close(handle)

    def _read(self) -> bytes:
        with open(self.path("world"), "rb") as file:
            return file.read()

    def _replace(self, data: bytes) -> None:
        new = self.path("world.new")
        with open(new, "wb") as file:
            file.write(data)
        os.replace(new, self.path("world"))


class Opened:
    """One turn at the world."""

    __slots__ = ("_before", "_lock", "_store", "_world")

    def __init__(self, store: Store) -> None:
        self._store = store

    def __enter__(self) -> World:
        try:
            self._lock = os.open(self._store.path("lock"), os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            raise NoWorldError(f"no simulated cluster in {self._store.folder}") from None
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            self._before = self._store._read()  # noqa: SLF001 - two halves of one thing
        except FileNotFoundError:
            os.close(self._lock)
            raise NoWorldError(f"no simulated cluster in {self._store.folder}") from None
        world: World = marshal.loads(self._before)  # noqa: S302 - see the module's text
        self._world = world
        return world

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            after = dump(self._world)
            if after != self._before:
                self._store._replace(after)
        finally:
            os.close(self._lock)


def dump(world: World) -> bytes:
    """The world as bytes."""
    return marshal.dumps(world, FORMAT)  # type: ignore[arg-type]  # a TypedDict is a dict of plain values


def now(world: World) -> float:
    """Seconds of the world's clock: this machine's, moved on by as much as a test said."""
    return time.time() + world["clock_offset"]
