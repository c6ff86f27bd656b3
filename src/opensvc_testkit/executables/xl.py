"""Simulated ``xl`` of Xen 4.17.

After the vendor notes: texts and formats were read in its sources, not captured; those from memory are marked [R].
"""

from __future__ import annotations

from opensvc_testkit.executables.call import Answer
from opensvc_testkit.executables.store import now
from opensvc_testkit.executables.xl_state import find, state_of
from opensvc_testkit.executables.xl_words import COMMANDS, USAGE, UsageError, read_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node, World
    from opensvc_testkit.executables.xl_state import Domain

CHANGES = ("create", "destroy", "migrate", "pause", "reboot", "shutdown", "unpause")
FAILED = 1
# [R]
NO_HYPERVISOR = (
    "xencall: error: Could not obtain handle on privileged command interface: No such file or directory\n"
    "libxl: error: libxl.c:102:libxl_ctx_alloc: cannot open libxc handle: No such file or directory\n"
    "cannot init xl context\n"
)


class RefusedError(Exception):
    """The command failed; the text is what it prints on standard error."""


class Session:
    """One command on one node: what it works with, and what it has printed so far.

    ``waits`` is what it still blocks on when its work is recorded.
    """

    __slots__ = ("call", "node", "now", "stderr", "stdout", "waits", "world")

    def __init__(self, call: Call, world: World) -> None:
        self.call = call
        self.world = world
        self.node: Node = call.here(world)
        self.now = now(world)
        self.stdout = ""
        self.stderr = ""
        self.waits: Callable[[World], bool] | None = None

    def domain(self, word: str) -> Domain:
        """The domain that a word means. Raises RefusedError."""
        found = find(self.node, word)
        if found is None:
            raise RefusedError(f"{word} is an invalid domain identifier (rc=-6)\n")
        return found


def run(call: Call) -> Answer:
    """Answer one ``xl`` call."""
    words = list(call.words)
    while words and words[0].startswith("-"):
        words.pop(0)
    if not words or words[0] == "help":
        return Answer(0 if words else FAILED, USAGE)
    command = words.pop(0)
    if command not in COMMANDS:
        return Answer(FAILED, "", "command not implemented\n")
    try:
        read = read_words(command, words)
    except UsageError as error:
        return Answer(error.status, "", error.text)
    name = f"opensvc_testkit.executables.xl_{'changes' if command in CHANGES else 'reports'}"
    module = __import__(name, fromlist=["perform"])
    with call.store.opened() as world:
        session = Session(call, world)
        if not state_of(session.node)["is_xen"]:
            return Answer(FAILED, "", NO_HYPERVISOR)
        try:
            module.perform(session, command, read)
        except RefusedError as error:
            return Answer(FAILED, session.stdout, f"{session.stderr}{error}")
    if session.waits:
        call.wait_while(session.waits)
    return Answer(0, session.stdout, session.stderr)
