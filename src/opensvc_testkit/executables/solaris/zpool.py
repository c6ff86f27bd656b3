"""Simulated ``zpool`` (messages: OpenZFS sources, to which Solaris' are near; what is [R] says so)."""

from __future__ import annotations

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.solaris.options import BadOptionError
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node, World

USAGE = 2
USAGE_TEXT = "usage: zpool command args ...\nwhere 'command' is one of the following:\n"
MODULES = {
    "list": "zpool_reports",
    "status": "zpool_reports",
    "get": "zpool_reports",
    "import": "zpool_import",
    "export": "zpool_changes",
    "create": "zpool_changes",
    "destroy": "zpool_changes",
    "set": "zpool_changes",
    "clear": "zpool_changes",
}
"""Which module answers which subcommand."""
NOT_SIMULATED = ("add", "attach", "detach", "history", "iostat", "monitor", "offline", "online", "reguid", "remove",
                 "replace", "scrub", "split", "upgrade", "labelclear", "events", "trim", "sync", "wait")  # fmt: skip


class RefusedError(Exception):
    """The command failed: lines for standard error."""

    def __init__(self, *lines: str, status: int = 1) -> None:
        super().__init__("".join(f"{line}\n" for line in lines))
        self.status = status


class PoolSession:
    """One ``zpool`` or ``zfs`` call: where it runs, and when."""

    __slots__ = ("call", "node", "now", "world")

    def __init__(self, call: Call, world: World) -> None:
        self.call = call
        self.world = world
        self.node: Node = call.here(world)
        self.now = now(world)


def run(call: Call) -> Answer:
    """Answer one ``zpool`` call."""
    if not call.words:
        return Answer(USAGE, "", f"missing command\n{USAGE_TEXT}")
    subcommand, words = call.words[0], call.words[1:]
    if subcommand in NOT_SIMULATED:
        raise NotSimulatedError(" ".join(call.words))
    if subcommand not in MODULES:
        return Answer(USAGE, "", f"unrecognized command '{subcommand}'\n{USAGE_TEXT}")
    module = __import__(f"opensvc_testkit.executables.solaris.{MODULES[subcommand]}", fromlist=["run"])
    try:
        with call.store.opened() as world:
            life.settle(call.store.folder, world, now(world))
            answer: Answer = module.run(PoolSession(call, world), subcommand, words)
    except RefusedError as error:
        return Answer(error.status, "", str(error))
    except BadOptionError as error:
        # OpenZFS quotes the letter.
        text = str(error).replace("illegal option -- ", "invalid option '")
        return Answer(USAGE, "", f"{text}'\nusage:\n\t{subcommand} ...\n")
    return answer
