"""One call of a simulated executable: what it was asked, what it answers, and how it may hang."""

from __future__ import annotations

import os
import time

from opensvc_testkit.executables import life
from opensvc_testkit.executables.store import Store, now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from opensvc_testkit.executables.shapes import Node, World

POLL = 0.02
"""Seconds between two looks of a call that hangs: what it hangs on may be taken away."""

NOT_SIMULATED = 70
"""Exit status of a simulator asked for what it does not simulate: loud, so that no test passes by it."""


class Answer:
    """What a command prints and returns."""

    __slots__ = ("status", "stderr", "stdout")

    def __init__(self, status: int = 0, stdout: str = "", stderr: str = "") -> None:
        self.status = status
        self.stdout = stdout
        self.stderr = stderr


class HangsError(Exception):
    """The command blocks as long as ``lasts(world)`` is true, and is tried again after that."""

    def __init__(self, lasts: Callable[[World], bool]) -> None:
        super().__init__("hangs")
        self.lasts = lasts


class NotSimulatedError(Exception):
    """The real command could do this; the simulated one cannot, and says so."""


class Call:
    """One call.

    ``name`` is the executable, ``words`` its arguments, ``node`` where it runs, ``platform`` what it belongs to (empty:
    the first that has one of that name), ``late`` the seconds that pass before
    a start takes effect (the ``late`` fault); ``streams`` whether output may be passed on as it comes; ``waited``
    whether it had to wait for another call.
    """

    __slots__ = ("late", "name", "node", "platform", "store", "streams", "waited", "words")

    def __init__(self, name: str, words: list[str], node: str, store: Store, platform: str = "") -> None:
        self.name = name
        self.words = words
        self.node = node
        self.store = store
        self.platform = platform
        self.late: float | None = None
        self.streams = True
        self.waited = False

    def here(self, world: World) -> Node:
        """The node on which this runs; one that nobody declared is made."""
        if self.node not in world["nodes"]:
            world["nodes"][self.node] = life.new_node(self.node)
        return world["nodes"][self.node]

    def wait_while(self, lasts: Callable[[World], bool]) -> None:
        """Block as long as that is true of the world; that it does so is recorded, once it was seen to be true."""
        is_told = False
        while True:
            with self.store.opened() as world:
                life.settle(self.store.folder, world, now(world))
                if not lasts(world):
                    return
            if not is_told:
                self.store.record(("wait", os.getpid(), time.time()))
                is_told = True
            time.sleep(POLL)


def write_all(handle: int, text: str) -> None:
    """Write everything; a reader that has gone ends it."""
    data = text.encode("utf-8", "surrogateescape")
    while data:
        try:
            data = data[os.write(handle, data) :]
        except BrokenPipeError:
            return
