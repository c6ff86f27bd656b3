"""Simulated ``scsimgr`` of HP-UX 11.31: attributes of LUNs and of the whole node, ``lun_map``.

``-p`` output is after the vendor notes; blocks without ``-p``, success and error texts are [R].
"""

from __future__ import annotations

from opensvc_testkit.executables import disks
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.hpux import lun_table
from opensvc_testkit.executables.hpux.options import UsageError, on_terminal, read_options, usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node, SharedDisk

USAGE = "[-p] {get_attr|set_attr|save_attr|lun_map} [all_lun|-D dsf] [-a attribute[=value]]..."
SETTABLE = ("leg_mpath_enable",)
BLOCK = 512


class _UnknownError(Exception):
    """There is no such attribute."""


def run(call: Call) -> Answer:
    """Answer one ``scsimgr`` call."""
    return on_terminal(call, _simulate)


def _simulate(call: Call) -> Answer:
    try:
        options, rest = read_options(call.words, "pf", "Da")
    except UsageError as error:
        return usage("scsimgr", error, USAGE)
    if not rest:
        return usage("scsimgr", UsageError("no command"), USAGE)
    command, *objects = rest
    with call.store.opened() as world:
        node = call.here(world)
        if lun_table.state_of(node)["release"] < "B.11.31":
            raise NotSimulatedError("scsimgr before 11.31")
        asked: list[tuple[SharedDisk, dict[str, Any]] | None]
        if objects == ["all_lun"]:
            asked = list(lun_table.luns_of(world, node))
        elif objects:
            raise NotSimulatedError("scsimgr " + " ".join(call.words))
        elif "D" in options:
            found = lun_table.find_lun(world, node, options["D"][-1])
            if found is None:
                return Answer(1, "", f"scsimgr: ERROR: Cannot open {options['D'][-1]}: No such file or directory\n")
            asked = [found]
        else:
            asked = [None]
        if command == "lun_map":
            return _lun_map(node, [each for each in asked if each] or list(lun_table.luns_of(world, node)))
        try:
            if command in ("set_attr", "save_attr"):
                return _set(node, asked, options.get("a", []), command)
            if command == "get_attr":
                return _get(node, asked, options)
        except _UnknownError as error:
            return Answer(1, "", f"scsimgr: ERROR: Invalid attribute: {error}\n")
    raise NotSimulatedError("scsimgr " + " ".join(call.words))


def _value(node: Node, found: tuple[SharedDisk, dict[str, Any]] | None, name: str) -> str:
    if name in SETTABLE:
        return lun_table.attribute(node, found[1] if found else None, name)
    if found is None:
        raise _UnknownError(name)
    disk, lun = found
    values = {
        "wwid": lun_table.wwid_of(disk),
        "device_file": lun_table.persistent(lun, is_raw=True),
        "instance": str(lun["instance"]),
        "vid": f'"{disk["vendor"]:<8.8}"',
        "pid": f'"{disk["model"]:<16.16}"',
        "capacity": str(disk["size"] // BLOCK),
        "state": "OFFLINE" if lun_table.is_lost(disk, node) else "ONLINE",
    }
    if name not in values:
        raise _UnknownError(name)
    return values[name]


def _get(node: Node, asked: list[tuple[SharedDisk, dict[str, Any]] | None], options: dict[str, list[str]]) -> Answer:
    names = options.get("a", [])
    if not names:
        raise NotSimulatedError("scsimgr get_attr without -a")
    if "p" in options:
        return Answer(0, "".join(":".join(_value(node, each, name) for name in names) + "\n" for each in asked))
    lines = []
    for each in asked:
        about = f"ATTRIBUTES FOR LUN : {lun_table.persistent(each[1], is_raw=True)}" if each else "GLOBAL ATTRIBUTES:"
        lines += [f"        SCSI {about}", ""]
        for name in names:
            lines += [f"name = {name}", f"current = {_value(node, each, name)}", "default =", "saved =", ""]
    return Answer(0, "".join(f"{line}\n" for line in lines))


def _set(
    node: Node, asked: list[tuple[SharedDisk, dict[str, Any]] | None], assignments: list[str], command: str
) -> Answer:
    said = ""
    for assignment in assignments:
        name, _, value = assignment.partition("=")
        if name not in SETTABLE:
            raise _UnknownError(name)
        if value not in ("true", "false"):
            return Answer(1, said, f"scsimgr: ERROR: Invalid value for attribute {name}: {value}\n")
        for each in asked:
            (each[1]["attributes"] if each else lun_table.state_of(node))[name] = value
        said += f"Value of attribute {name} {'saved' if command == 'save_attr' else 'set'} successfully\n"
    return Answer(0, said)


def _lun_map(node: Node, luns: list[tuple[SharedDisk, dict[str, Any]]]) -> Answer:
    lines = []
    number = 0
    for disk, lun in luns:
        paths = disk["paths"][node["name"]]
        lines += [
            "",
            f"        LUN PATH INFORMATION FOR LUN : {lun_table.persistent(lun, is_raw=True)}",
            "",
            f"Total number of LUN paths     = {len(paths)}",
            f"World Wide Identifier(WWID)    = {lun_table.wwid_of(disk)}",
            "",
        ]
        for path in paths:
            state = "FAILED" if disks.is_lost(disk, node["name"], path) else "ACTIVE"
            lines += [
                f"LUN path : lunpath{number}",
                "Class                         = lunpath",
                f"Instance                      = {number}",
                f"Hardware path                 = 0/1/1/0.0x50060e80{number:08x}.0x4000000000000000",
                "SCSI transport protocol       = fibre_channel",
                f"State                         = {state}",
                f"Last Open or Close state      = {state}",
                "",
            ]
            number += 1
    return Answer(0, "".join(f"{line}\n" for line in lines))
