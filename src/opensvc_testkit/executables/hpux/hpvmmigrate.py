"""Simulated ``hpvmmigrate``: a guest goes to another node, running (-o) or off; the source is Not Runnable after it.

What must hold and what is left on the source is from the manual; what it prints is [R].
"""

from __future__ import annotations

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.hpux import lun_table, machines
from opensvc_testkit.executables.hpux.machines import RefusedError
from opensvc_testkit.executables.hpux.options import UsageError, on_terminal, read_options, usage
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node, World


def run(call: Call) -> Answer:
    """Answer one ``hpvmmigrate`` call."""
    return on_terminal(call, _simulate)


def _simulate(call: Call) -> Answer:
    try:
        options, rest = read_options(call.words, "obDsFqdTnCt", "PphlNcrmeE")
        if rest or not ({"P", "p"} & options.keys()) or "h" not in options:
            raise UsageError("a virtual machine and a host")
    except UsageError as error:
        return usage("hpvmmigrate", error, "{-P vm-name|-p vm-number} -h dest-host [-o] [-b] [-D] [-s] [-F]")
    if set("lNcrmeEdTnCtq") & options.keys():
        raise NotSimulatedError("hpvmmigrate " + " ".join(call.words))
    with call.store.opened() as world:
        life.settle(call.store.folder, world, now(world))
        node = call.here(world)
        try:
            guest = machines.find_guest(node, options)
            target = _target(world, node, options["h"][-1])
            paths = _check(world, node, target, guest, is_online="o" in options)
        except RefusedError as error:
            return machines.refused(call, error)
        said = f"hpvmmigrate: Connected to target host using '{target['name']}'.\n"
        if "s" in options:
            return Answer(0, f"{said}hpvmmigrate: Guest '{guest['name']}' can be migrated.\n")
        _receive(target, guest, paths)
        if "o" in options:
            life.move(node, target, guest["name"])
        elif "b" in options:
            machines.start(call.store.folder, world, target, machines.state_of(target)["guests"][guest["name"]])
        if "D" in options:
            del machines.state_of(node)["guests"][guest["name"]]
        else:
            machines.set_registration(guest, is_enabled=False)
    return Answer(0, f"{said}hpvmmigrate: Guest '{guest['name']}' migrated successfully.\n")


def _target(world: World, node: Node, host: str) -> Node:
    for other in world["nodes"].values():
        if host in (other["name"], other["address"]) and other is not node:
            return other
    raise RefusedError(f"Cannot connect to target host '{host}'.")


def _check(world: World, node: Node, target: Node, guest: dict[str, Any], *, is_online: bool) -> dict[str, str]:
    """Each disk's special file on the target. Raises RefusedError: nothing was moved."""
    name = guest["name"]
    if not machines.is_registered(guest):
        raise RefusedError(f"Guest '{name}' is not runnable.")
    if is_online != bool(machines.power_of(node, guest)):
        raise RefusedError(f"Guest '{name}' is {'not running' if is_online else 'running; use -o'}.")
    if is_online and not guest["online_migration"]:
        raise RefusedError(f"Online migration of guest '{name}' is disabled.")
    known = machines.state_of(target)["guests"].get(name)
    if known is not None and machines.power_of(target, known):
        raise RefusedError(f"Guest '{name}' is already running on target host '{target['name']}'.")
    if guest["memory"] > machines.free_memory(target):
        raise RefusedError(f"Insufficient memory on target host '{target['name']}'.")
    paths = {}
    for device in guest["devices"]:
        lun = lun_table.find_lun(world, node, device["path"])
        if lun is None:
            raise RefusedError(f"Storage '{device['path']}' cannot be migrated.")
        there = [found for disk, found in lun_table.luns_of(world, target) if disk is lun[0]]
        path = lun_table.persistent(there[0], is_raw=True) if there else ""
        if not path or lun_table.is_lost(lun[0], target):
            raise RefusedError(f"Storage '{device['path']}' is not available on target host '{target['name']}'.")
        paths[device["path"]] = path
    return paths


def _receive(target: Node, guest: dict[str, Any], paths: dict[str, str]) -> None:
    """The guest's configuration arrives; it is registered there."""
    state = machines.state_of(target)
    known = state["guests"].get(guest["name"])
    copy = {**guest, "id": known["id"] if known else machines.new_guest(target, guest["name"])["id"]}
    copy["devices"] = [{**device, "path": paths[device["path"]]} for device in guest["devices"]]
    machines.set_registration(copy, is_enabled=True)
    state["guests"][guest["name"]] = copy
    for path in paths.values():
        if machines.entry_of(target, path) is None:
            state["devices"][path] = machines.new_device(path)
