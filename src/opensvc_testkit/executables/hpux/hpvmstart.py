"""Simulated ``hpvmstart``: a guest gets power and boots while the command has long returned.

What it prints while it succeeds is a real log's, all of it on standard error; why it refuses is [R].
"""

from __future__ import annotations

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.hpux import machines
from opensvc_testkit.executables.hpux.machines import RefusedError
from opensvc_testkit.executables.hpux.options import UsageError, on_terminal, read_options, usage
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node, World

CHUNK = 2 << 30
"""Bytes of one allocation at most."""


def run(call: Call) -> Answer:
    """Answer one ``hpvmstart`` call."""
    return on_terminal(call, _simulate)


def _simulate(call: Call) -> Answer:
    try:
        options, rest = read_options(call.words, "FsQ", "Pp")
        if rest or not ({"P", "p"} & options.keys()):
            raise UsageError("a virtual machine is needed")
    except UsageError as error:
        return usage("hpvmstart", error, "{-P vm-name|-p vm-number} [-F] [-s]")
    if {"F", "s", "Q"} & options.keys():
        raise NotSimulatedError("hpvmstart " + " ".join(call.words))
    with call.store.opened() as world:
        life.settle(call.store.folder, world, now(world))
        node = call.here(world)
        said = ""
        try:
            guest = machines.find_guest(node, options)
            check(node, guest)
            said = problems_text(world, node, guest)
            if machines.device_problems(world, node, guest):
                raise RefusedError(f"Guest '{guest['name']}' cannot be started.")
        except RefusedError as error:
            return machines.refused(call, error, stderr=said)
        machines.start(call.store.folder, world, node, guest)
        return Answer(0, "", said + start_text(guest))


def check(node: Node, guest: dict[str, Any]) -> None:
    """Raise RefusedError if a guest may not start here whatever its devices are."""
    if machines.power_of(node, guest):
        raise RefusedError(f"Guest '{guest['name']}' is already running.")
    if not machines.is_registered(guest):
        raise RefusedError(f"Guest '{guest['name']}' is not runnable.")
    if guest["memory"] > machines.free_memory(node):
        raise RefusedError(f"Insufficient memory available to start guest '{guest['name']}'.")


def problems_text(world: World, node: Node, guest: dict[str, Any]) -> str:
    """The lines about its configuration: warnings are captured, errors are [R]; empty where there is nothing to say."""
    name = guest["name"]
    errors = machines.device_problems(world, node, guest)
    warnings = []
    if any(other is not node for other, _ in life.where_active(world, name)):
        # It runs on another node: only its network address is seen, and that is a warning.
        switch = guest["switch"]
        warnings.append((switch, f"Guest MAC address for switch {switch} is in use."))
    lines = [f"    Error {number} on item {item}: {text}" for number, (item, text) in enumerate(errors, 1)]
    lines += [f"    Warning {number} on item {item}: {text}" for number, (item, text) in enumerate(warnings, 1)]
    if not lines:
        return ""
    last = f"These problems {'prevent' if errors else 'may prevent'} HPVM guest {name} from starting."
    return "".join(f"{line}\n" for line in [f"HPVM guest {name} configuration problems", *lines, last])


def start_text(guest: dict[str, Any]) -> str:
    """What is printed of a start that succeeds."""
    total, parts, address = guest["memory"] << 20, [], 0x6000000100000000
    while total > 0:
        part = min(total, CHUNK)
        parts.append(
            f"/opt/hpvm/lbin/hpvmapp (/var/opt/hpvm/uuids/{guest['uuid']}/vmm_config.current): "
            f"Allocated {part} bytes at {address:#x}"
        )
        total, address = total - part, address + part
    lines = [
        "(C) Copyright 2000 - 2008 Hewlett-Packard Development Company, L.P.",
        *parts,
        "Daemonizing....",
        f"hpvmstart: Successful start initiation of guest '{guest['name']}'",
    ]
    return "".join(f"{line}\n" for line in lines)
