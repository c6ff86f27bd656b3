"""Simulated ``scu`` of HP-UX: persistent reservations of a disk.

The words of a command and what its answers must hold (each key as ``0x…``; a line with ``Reservation Key`` that ends
with the key) are after the vendor notes; all banners, texts and the exit status of a failure are [R].
"""

from __future__ import annotations

from opensvc_testkit.executables import disks, reservations
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.hpux import lun_table
from opensvc_testkit.executables.hpux.options import on_terminal
from opensvc_testkit.executables.targets import ATTENTION, CONFLICT, ILLEGAL, NOT_READY, RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node, SharedDisk, World

FAILED = 255
TYPES = {"we": 1, "ea": 3, "wero": 5, "earo": 6, "wear": 7, "eaar": 8}
"""``wero`` is captured; the others are [R]."""
TYPE_NAMES = {
    1: "Write Exclusive",
    3: "Exclusive Access",
    5: "Write Exclusive Registrants Only",
    6: "Exclusive Access Registrants Only",
    7: "Write Exclusive All Registrants",
    8: "Exclusive Access All Registrants",
}
ACTIONS = ("register", "reserve", "release", "clear", "preempt")
REASONS = {
    CONFLICT: "SCSI Status = 0x18 (Reservation Conflict)",
    ATTENTION: "SCSI Status = 0x02 (Check Condition), Sense Key = 0x6 (Unit Attention)",
    NOT_READY: "SCSI Status = 0x02 (Check Condition), Sense Key = 0x2 (Not Ready)",
    ILLEGAL: "SCSI Status = 0x02 (Check Condition), Sense Key = 0x5 (Illegal Request)",
}
UNSUPPORTED_TEXT = "SCSI Status = 0x02 (Check Condition), Sense Key = 0x5 (Illegal Request), ASC = 0x20 (Invalid command operation code)"  # noqa: E501 - one line of the tool


def run(call: Call) -> Answer:
    """Answer one ``scu`` call."""
    return on_terminal(call, _simulate)


def _simulate(call: Call) -> Answer:
    words = list(call.words)
    if len(words) < 3 or words[0] != "-f":
        raise NotSimulatedError("scu " + " ".join(words))
    path, command = words[1], words[2:]
    with call.store.opened() as world:
        node = call.here(world)
        found = _nexus(world, node, path)
        if isinstance(found, str):
            return Answer(FAILED, "", f"scu: Unable to open device '{path}', {found}\n")
        disk, nexus = found
        try:
            if command in (["show", "keys"], ["show", "reservation"], ["show", "reservations"]):
                reservations.begin(disk, nexus)
                return Answer(0, _keys(disk) if command[1] == "keys" else _reservation(disk))
            if command[0] == "preserve" and command[1:2] and command[1] in ACTIONS:
                values = _read_values(command[2:])
                if isinstance(values, str):
                    return Answer(FAILED, "", f"scu: {values}\n")
                _change(disk, nexus, command[1], values)
                return Answer()
        except RefusedError as error:
            reason = REASONS.get(error.kind, UNSUPPORTED_TEXT) + (f", {error.sense}" if error.sense else "")
            return Answer(FAILED, "", f"scu: '{' '.join(command)}' command failed on {path}:\n    {reason}\n")
    return Answer(FAILED, "", f"scu: Ambiguous or unrecognized keyword: {' '.join(command)}\n")


def _nexus(world: World, node: Node, path: str) -> tuple[SharedDisk, tuple[str, str]] | str:
    """The disk and the path by which a command reaches it; or why not."""
    found = lun_table.find_lun(world, node, path)
    if found is None:
        return "ENOENT (2) - No such file or directory"
    disk, lun = found
    if lun_table.raw(path) != path:
        return "ENXIO (6) - No such device or address"
    paths = disks.working_paths(disk, node["name"])
    if not lun_table.is_persistent(lun, path) and not lun_table.by_any_path(node, lun):
        # Only so a legacy special file is one path and no other.
        paths = [each for each in paths if each == path]
    if not paths:
        return "ENXIO (6) - No such device or address"
    return disk, (node["name"], paths[0])


def _read_values(words: list[str]) -> dict[str, str] | str:
    """``key 0x1 skey 0x2 type wero``; or what is wrong with it."""
    values = {}
    for name, value in zip(words[::2], words[1::2], strict=False):
        if name not in ("key", "skey", "type"):
            return f"Ambiguous or unrecognized keyword: {name}"
        values[name] = value
    if len(words) % 2:
        return f"Missing parameter: {words[-1]}"
    for name in ("key", "skey"):
        try:
            _number(values.get(name, "0"))
        except ValueError:
            return f"Invalid number: {values[name]}"
    if values.get("type", "wero") not in TYPES:
        return f"Ambiguous or unrecognized keyword: {values['type']}"
    return values


def _number(text: str) -> int:
    return int(text, 16 if text.startswith("0x") else 10)


def _change(disk: SharedDisk, nexus: tuple[str, str], action: str, values: dict[str, str]) -> None:
    key, other = (_number(values.get(name, "0")) for name in ("key", "skey"))
    kind = TYPES.get(values.get("type", ""), 0)
    actions: dict[str, Callable[[], None]] = {
        "register": lambda: reservations.register(disk, nexus, key, other),
        "reserve": lambda: reservations.reserve(disk, nexus, key, kind),
        "release": lambda: reservations.release(disk, nexus, key, kind),
        "clear": lambda: reservations.clear(disk, nexus, key),
        "preempt": lambda: reservations.preempt(disk, nexus, key, other, kind),
    }
    actions[action]()


def _header(disk: SharedDisk, length: int) -> list[str]:
    return [
        "",
        "Persistent Reservation Header:",
        "",
        f"{'Generation Value':>35}: {disk['generation']:#x}",
        f"{'Additional Length':>35}: {length}",
        "",
    ]


def _keys(disk: SharedDisk) -> str:
    keys = reservations.keys_of(disk)
    lines = _header(disk, 8 * len(keys))
    if keys:
        lines += ["Reservation Keys:", "", *(f"        {key:#x}" for key in keys), ""]
    return "".join(f"{line}\n" for line in lines)


def _reservation(disk: SharedDisk) -> str:
    if disk["holder"] is None:
        return "".join(f"{line}\n" for line in _header(disk, 0))
    rows = (
        ("Reservation Key", f"{reservations.holder_key(disk):#x}"),
        ("Scope-Specific Address", "0"),
        ("Reservation Type", f"{disk['type']:#x} ({TYPE_NAMES[disk['type']]})"),
        ("Reservation Scope", "0 (LU - full logical unit)"),
        ("Extent Length", "0"),
    )
    lines = [*_header(disk, 16), "Reservation Descriptors:", "", *(f"{name:>35}: {value}" for name, value in rows), ""]
    return "".join(f"{line}\n" for line in lines)
