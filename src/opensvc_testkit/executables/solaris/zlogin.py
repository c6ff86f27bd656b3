"""Simulated ``zlogin``, not interactive: a command line in a running zone (messages and order of checks: illumos)."""

from __future__ import annotations

import os

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer, HangsError, NotSimulatedError
from opensvc_testkit.executables.guest_command import execute
from opensvc_testkit.executables.guest_system import GuestSystem
from opensvc_testkit.executables.solaris import zones
from opensvc_testkit.executables.solaris.options import BadOptionError, read_options
from opensvc_testkit.executables.solaris.places import system_of, zones_of
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import World

USAGE = 2
USAGE_TEXT = "usage: zlogin [ -nQCES ] [ -e cmdchar ] [-l user] zonename [command [args ...] ]\n"


class RefusedError(Exception):
    """``zlogin`` lets nobody in; the text is its message."""


def run(call: Call) -> Answer:
    """Answer one ``zlogin`` call: its status is the command's, or 1 if it could not enter."""
    try:
        options, rest = read_options(call.words, "nECR:Se:l:QdU")
    except BadOptionError as error:
        return Answer(USAGE, "", f"zlogin: {error}\n{USAGE_TEXT}")
    if not rest:
        return Answer(USAGE, "", USAGE_TEXT)
    if "C" in options or "l" in options:
        raise NotSimulatedError("zlogin " + " ".join(call.words))
    try:
        with call.store.opened() as world:
            life.settle(call.store.folder, world, now(world))
            system = _enter(call, world, rest[0])
    except RefusedError as error:
        return Answer(1, "", f"zlogin: {error}\n")
    if len(rest) == 1:
        if os.isatty(0):
            raise NotSimulatedError("an interactive login")
        return execute(call, system, "exec sh", killed=1)
    return execute(call, system, " ".join(rest[1:]), reads_input="n" not in options, killed=1)


def _enter(call: Call, world: World, name: str) -> GuestSystem:
    """The system of a running zone. Raises RefusedError, HangsError."""
    node = call.here(world)
    if name == zones.GLOBAL:
        raise RefusedError("'zlogin' not applicable to the global zone")
    if not system_of(node)["is_privileged"]:
        raise RefusedError("You lack sufficient privilege to run this command (all privs required)")
    zone = zones_of(node).get(name)
    if zone is None:
        raise RefusedError(f"zone '{name}' unknown")
    state = zones.shown_state(world, node, zone, now(world))
    if state in zones.NOT_ATTACHED:
        raise RefusedError(f"cannot login to a zone which is '{state}'")
    power = node["powered"].get(name)
    if state != zones.RUNNING or power is None:
        raise RefusedError(f"login allowed only to running zones ({name} is '{state}').")
    if power["is_frozen"]:
        node_name = node["name"]

        def is_frozen(later: World) -> bool:
            there = later["nodes"][node_name]["powered"].get(name)
            return there is not None and there["is_frozen"]

        raise HangsError(is_frozen)
    return GuestSystem(call.store, world["guests"].get(name) or life.new_guest(name), power)
