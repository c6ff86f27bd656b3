"""Simulated LXC 5.0.2: ``lxc-start``, ``lxc-stop``, ``lxc-attach`` and their kin.

Every text was captured from the real one unless a comment says [R]; a scenario holds both together (tests/lab).
"""

from __future__ import annotations

from opensvc_testkit.executables.call import Answer, HangsError
from opensvc_testkit.executables.lxc_words import UsageError, Words, read_words
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node, World

VERSION = "5.0.2"
REPORTS = ("lxc-config", "lxc-info", "lxc-ls", "lxc-wait")
FAILED = 1


class RefusedError(Exception):
    """The command failed: exit status, and what it prints on standard error."""

    def __init__(self, text: str, status: int = FAILED) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


class Session:
    """One command on one node.

    ``waits`` is what it still blocks on when its work is recorded, and ``then`` what it does, and answers, after that.
    """

    __slots__ = ("call", "node", "now", "stderr", "stdout", "then", "waits", "words", "world")

    def __init__(self, call: Call, world: World, words: Words) -> None:
        self.call = call
        self.words = words
        self.stdout = ""
        self.stderr = ""
        self.waits: Callable[[World], bool] | None = None
        self.then: Callable[[], None] | None = None
        self.enter(world)

    def enter(self, world: World) -> None:
        """Go on in the world as it is now."""
        self.world = world
        self.node: Node = self.call.here(world)
        self.now = now(world)

    @property
    def store(self) -> str:
        """The folder of the simulated cluster."""
        return self.call.store.folder


def run(call: Call) -> Answer:
    """Answer one call."""
    try:
        words = read_words(call.name, call.words)
    except UsageError as error:
        return Answer(FAILED, "", str(error))
    if words.has("version"):
        return Answer(0, f"{VERSION}\n")
    if call.name == "lxc-attach":
        from opensvc_testkit.executables import lxc_attach

        return lxc_attach.run(call, words)
    name = f"opensvc_testkit.executables.lxc_{'reports' if call.name in REPORTS else 'changes'}"
    module = __import__(name, fromlist=["perform"])
    while True:
        try:
            with call.store.opened() as world:
                session = Session(call, world, words)
                module.perform(session, call.name)
            if session.waits is not None:
                call.wait_while(session.waits)
            if session.then is not None:
                with call.store.opened() as world:
                    session.enter(world)
                    session.then()
        except HangsError as error:
            call.wait_while(error.lasts)
        except RefusedError as error:
            return Answer(error.status, session.stdout, session.stderr + error.text)
        else:
            return Answer(0, session.stdout, session.stderr)
