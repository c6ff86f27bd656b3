"""Simulated ``ls -ldn``, ``chmod``, ``chown`` of zonepaths, and ``pgrep -f`` for what still works on a zone.

A zonepath is no folder of this machine. Any other path is this machine's, and its own command is run on it.
"""

from __future__ import annotations

import os

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.solaris import zones
from opensvc_testkit.executables.solaris.places import system_of, zones_of
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node, World
    from opensvc_testkit.executables.solaris.shapes import Zone

REAL_PATH = "/usr/bin:/bin"
BITS = "rwxrwxrwx"
OWNERS = ("root", "root:root", "0", "0:0")


def run(call: Call) -> Answer:
    """Answer one call of the four."""
    with call.store.opened() as world:
        life.settle(call.store.folder, world, now(world))
        node = call.here(world)
        if call.name == "pgrep":
            return _pgrep(call, world, node)
        paths = {zone["zonepath"]: zone for zone in zones_of(node).values()}
        operand = call.words[-1] if call.words else ""
        if operand in paths:
            return _zonepath(call, world, node, paths[operand])
    # The file descriptor of the lock is closed by now.
    return run_here(call)


def run_here(call: Call) -> Answer:
    """Run this machine's own command of that name."""
    for folder in REAL_PATH.split(":"):
        if os.access(f"{folder}/{call.name}", os.X_OK):
            pid = os.posix_spawn(f"{folder}/{call.name}", [call.name, *call.words], os.environ)
            return Answer(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    return Answer(127, "", f"{call.name}: not found\n")


def _zonepath(call: Call, world: World, node: Node, zone: Zone) -> Answer:
    path = zone["zonepath"]
    if zones.missing_folder(world, node, zone):
        return Answer(2 if call.name == "ls" else 1, "", f"{call.name}: {path}: No such file or directory\n")
    modes = system_of(node)["modes"]
    if call.name == "ls":
        if call.words[:-1] not in (["-ldn"], ["-ld"], ["-lnd"]):
            raise NotSimulatedError("ls " + " ".join(call.words))
        owner = "root     root" if call.words[0] == "-ld" else "0        0"
        mode = int(modes.get(path, zones.ZONEPATH_MODE), 8)
        bits = "".join(letter if mode >> (8 - index) & 1 else "-" for index, letter in enumerate(BITS))
        return Answer(0, f"d{bits}   5 {owner}              5 Jun  3 10:00 {path}\n")
    if call.name == "chmod":
        modes[path] = call.words[0]
    elif call.words[0] not in OWNERS:
        raise NotSimulatedError("chown " + " ".join(call.words))
    return Answer()


def _pgrep(call: Call, world: World, node: Node) -> Answer:
    """Processes of the brand's hook: ``/usr/lib/brand/ipkg/poststate ZONE ZONEPATH ...`` while it works [R]."""
    if len(call.words) != 2 or call.words[0] != "-f":
        raise NotSimulatedError("pgrep " + " ".join(call.words))
    import re

    found = [
        4000 + index
        for index, zone in enumerate(zones_of(node).values())
        if zone["held_until"] > now(world)
        and re.search(call.words[1], f"/usr/lib/brand/ipkg/poststate {zone['name']} {zone['zonepath']} 5 4")
    ]
    return Answer(int(not found), "".join(f"{pid}\n" for pid in found))
