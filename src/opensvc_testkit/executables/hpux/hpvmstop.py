"""Simulated ``hpvmstop``: graceful (-g) waits for the guest's system, hard takes the power away.

Options are what drivers use and the manual tells; what is printed, and what a graceful stop does at its time limit,
is [R].
"""

from __future__ import annotations

import os

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


def run(call: Call) -> Answer:
    """Answer one ``hpvmstop`` call."""
    return on_terminal(call, _simulate)


def _simulate(call: Call) -> Answer:
    try:
        options, rest = read_options(call.words, "ahgFq", "Pp")
        if rest or len({"P", "p", "a"} & options.keys()) != 1 or {"g", "h"} <= options.keys():
            raise UsageError("one virtual machine, and one of -g and -h")
    except UsageError as error:
        return usage("hpvmstop", error, "{-P vm-name|-p vm-number|-a} [-h|-g] [-F] [-q]")
    if "q" in options:
        raise NotSimulatedError("hpvmstop -q")
    said = ""
    with call.store.opened() as world:
        life.settle(call.store.folder, world, now(world))
        node = call.here(world)
        try:
            guests = _targets(node, options)
        except RefusedError as error:
            return machines.refused(call, error)
        names = ", ".join(guest["name"] for guest in guests)
        if "F" not in options and guests:
            said = f"hpvmstop: Stop the virtual machine '{names}'? [n/y]: "
            if os.read(0, 1) != b"y":
                return Answer(machines.FAILED, f"{said}\n")
        waits = []
        for guest in guests:
            power = machines.power_of(node, guest)
            if power and "g" in options:
                life.ask_shutdown(
                    power, world["guests"].get(guest["name"]) or life.new_guest(guest["name"]), now(world)
                )
                waits.append((guest["name"], power["boot"], now(world) + guest["graceful"]))
            else:
                life.power_down(node, guest["name"])
    for name, boot, limit in waits:
        call.wait_while(lambda world, name=name, boot=boot, limit=limit: (  # type: ignore[misc]  # bound as it is now
            _has_power(call, world, name, boot) and now(world) < limit))  # fmt: skip
        with call.store.opened() as world:
            if _has_power(call, world, name, boot):
                return machines.refused(call, RefusedError(f"Guest '{name}' did not stop in time."), said)
    return Answer(0, said + "".join(f"hpvmstop: Guest '{guest['name']}' stopped.\n" for guest in guests))


def _targets(node: Node, options: dict[str, list[str]]) -> list[dict[str, Any]]:
    guests = machines.state_of(node)["guests"].values()
    if "a" in options:
        return [guest for guest in guests if machines.power_of(node, guest)]
    guest = machines.find_guest(node, options)
    if not machines.power_of(node, guest):
        raise RefusedError(f"Guest '{guest['name']}' is not running.")
    return [guest]


def _has_power(call: Call, world: World, name: str, boot: str) -> bool:
    """Whether the same boot of a guest still has power here."""
    power = call.here(world)["powered"].get(name)
    return power is not None and power["boot"] == boot
