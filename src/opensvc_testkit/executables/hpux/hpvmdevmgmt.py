"""Simulated ``hpvmdevmgmt``: the device database of a node, and which devices its guests may share.

Entry kinds, ``-a gdev:…``, ``-m gdev:…:attr:SHARE=…`` and the attributes in ``-l`` are what drivers rely on and the
manual tells; the other parts of a line, and all refusals, are [R].
"""

from __future__ import annotations

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.hpux import group_table, lun_table, machines
from opensvc_testkit.executables.hpux.machines import RefusedError
from opensvc_testkit.executables.hpux.options import UsageError, on_terminal, read_options, usage
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node, World

KINDS = ("gdev", "rdev")
USAGE = "-l {all|gdev|rdev} | -a kind:entry[:attr:name=value] | -m kind:entry:attr:name=value | -d kind:entry"
VALUES = {"SHARE": ("YES", "NO"), "USAGE": ("DISK", "DVD")}


def run(call: Call) -> Answer:
    """Answer one ``hpvmdevmgmt`` call."""
    return on_terminal(call, _simulate)


def _simulate(call: Call) -> Answer:
    try:
        options, rest = read_options(call.words, "Iv", "lamdnSr")
        if rest or len(options) != 1:
            raise UsageError("one of -l, -a, -m, -d")
    except UsageError as error:
        return usage("hpvmdevmgmt", error, USAGE)
    letter, values = next(iter(options.items()))
    if letter not in "lamd":
        raise NotSimulatedError("hpvmdevmgmt " + " ".join(call.words))
    with call.store.opened() as world:
        life.settle(call.store.folder, world, now(world))
        node = call.here(world)
        if letter == "l":
            return _list(world, node, values[-1])
        try:
            kind, path, attributes = _read(values[-1])
            {"a": _add, "m": _change, "d": _delete}[letter](world, node, kind, path, attributes)
        except RefusedError as error:
            return machines.refused(call, error)
    return Answer()


def _read(text: str) -> tuple[str, str, dict[str, str]]:
    """``gdev:/dev/rdisk/disk18:attr:SHARE=YES``."""
    kind, _, rest = text.partition(":")
    path, _, more = rest.partition(":")
    if kind in ("server", "env"):
        raise NotSimulatedError(f"hpvmdevmgmt {text}")
    if kind not in KINDS or not path:
        raise RefusedError(f"Invalid entry '{text}'.")
    attributes = {}
    if more:
        word, _, assignments = more.partition(":")
        for assignment in assignments.split(","):
            name, _, value = assignment.partition("=")
            if word != "attr" or value not in VALUES.get(name, ()):
                raise RefusedError(f"Invalid attribute '{more}'.")
            attributes[name.lower()] = value
    return kind, path, attributes


def _list(world: World, node: Node, kind: str) -> Answer:
    if kind not in ("all", *KINDS):
        raise NotSimulatedError(f"hpvmdevmgmt -l {kind}")
    lines = []
    for path, entry in machines.state_of(node)["devices"].items():
        if kind in ("all", entry["kind"]):
            lun = lun_table.find_lun(world, node, path)
            exists = bool(lun) or group_table.group_of_file(node, path) is not None or entry["type"] == "FILE"
            facts = [f"CONFIG={entry['kind']}", f"EXIST={'YES' if exists else 'NO'}", f"DEVTYPE={entry['type']}",
                     f"SHARE={entry['share']}"]  # fmt: skip
            users = ",".join(machines.users_of(node, path))
            wwid = lun_table.wwid_of(lun[0]) if lun else ""
            lines.append(":".join([",".join([path, *entry["names"]]), users, ",".join(facts), wwid]))
    return Answer(0, "".join(f"{line}\n" for line in lines))


def _find(node: Node, kind: str, path: str) -> dict[str, Any]:
    entry = machines.entry_of(node, path)
    if entry is None or entry["kind"] != kind:
        raise RefusedError(f"Device '{path}' is not in the HPVM device database.")
    return entry


def _add(world: World, node: Node, kind: str, path: str, attributes: dict[str, str]) -> None:
    if machines.entry_of(node, path):
        raise RefusedError(f"Device '{path}' already exists in the HPVM device database.")
    is_device = path.startswith("/dev/")
    if is_device and not (lun_table.find_lun(world, node, path) or group_table.group_of_file(node, path)):
        raise RefusedError(f"Device '{path}' does not exist.")
    machines.state_of(node)["devices"][path] = {**machines.new_device(path, kind=kind), **attributes}


def _change(world: World, node: Node, kind: str, path: str, attributes: dict[str, str]) -> None:
    del world
    entry = _find(node, kind, path)
    if not attributes:
        raise RefusedError(f"No attribute given for '{path}'.")
    if attributes.get("share") == "NO" and len(machines.users_of(node, path, running=True)) > 1:
        raise RefusedError(f"Device '{path}' is in use by more than one guest.")
    entry.update(attributes)


def _delete(world: World, node: Node, kind: str, path: str, attributes: dict[str, str]) -> None:
    del world, attributes
    entry = _find(node, kind, path)
    if machines.users_of(node, path):
        raise RefusedError(f"Device '{path}' is in use by a guest.")
    devices = machines.state_of(node)["devices"]
    for first in [first for first, other in devices.items() if other is entry]:
        del devices[first]
