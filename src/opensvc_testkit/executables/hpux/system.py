"""Simulated ``getconf``, ``strings`` (of LVM's tables only) and ``bdf`` of HP-UX; texts of failures are [R]."""

from __future__ import annotations

from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.hpux import group_table, lun_table
from opensvc_testkit.executables.hpux.options import on_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node

BDF_HEADER = "Filesystem          kbytes    used   avail %used Mounted on"
BDF_HEADER_INODES = "Filesystem          kbytes    used   avail %used  iused  ifree %iuse Mounted on"
"""[R]"""
DEVICE_WIDTH = 18


def run(call: Call) -> Answer:
    """Answer one call."""
    return on_terminal(call, _simulate)


def _simulate(call: Call) -> Answer:
    with call.store.opened() as world:
        node = call.here(world)
        state = lun_table.state_of(node)
        if call.name == "getconf":
            values = {"MACHINE_SERIAL": state["serial"], "MACHINE_MODEL": state["model"],
                      "MACHINE_IDENT": f"Z3e{state['serial'].lower()}"}  # fmt: skip
            if len(call.words) != 1 or call.words[0] not in values:
                raise NotSimulatedError("getconf " + " ".join(call.words))
            return Answer(0, f"{values[call.words[0]]}\n")
        if call.name == "bdf":
            if [word for word in call.words if word not in ("-l", "-il")]:
                raise NotSimulatedError("bdf " + " ".join(call.words))
            return _bdf(node, with_inodes="-il" in call.words)
        if len(call.words) != 1 or call.words[0] not in group_table.TABLES.values():
            raise NotSimulatedError("strings " + " ".join(call.words))
        return _table(node, call.words[0])


def _table(node: Node, table: str) -> Answer:
    listed = {
        name: group
        for name, group in group_table.groups_of(node).items()
        if group_table.TABLES[group["version"]] == table
    }
    if not listed:
        return Answer(1, "", f"strings: Cannot open {table}: No such file or directory\n")
    lines = [line for name, group in listed.items() for line in (name, *group["files"])]
    return Answer(0, "".join(f"{line}\n" for line in lines))


def _bdf(node: Node, *, with_inodes: bool) -> Answer:
    """A long device name stands on a line of its own, as in the real table."""
    lines = [BDF_HEADER_INODES if with_inodes else BDF_HEADER]
    inodes = "  1200  98800    1%" if with_inodes else ""
    for name, group in group_table.groups_of(node).items():
        for volume in group["open"]:
            device = f"{name}/{volume}"
            place = f"/{volume}" if name == group_table.ROOT_GROUP else f"/mnt{name.removeprefix('/dev')}/{volume}"
            figures = f" 1048576  262144  780000   25%{inodes} {place}"
            lines += (
                [f"{device:<{DEVICE_WIDTH}}{figures}"] if len(device) < DEVICE_WIDTH else [device, f"{'':<18}{figures}"]
            )
    return Answer(0, "".join(f"{line}\n" for line in lines))
