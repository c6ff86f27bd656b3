"""HP Integrity VM of one simulated node: its guests, its device database, and what both allow."""

from __future__ import annotations

import uuid
from typing import Any

from opensvc_testkit.executables import disks, life
from opensvc_testkit.executables.call import Answer
from opensvc_testkit.executables.hpux import group_table, lun_table
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node, Power, World

    Guest = dict[str, Any]

PLATFORM = "hpvm"
MEMORY = 65536
"""MiB of a node, unless a test says otherwise."""
GRACEFUL = 300
"""Seconds that a graceful stop waits: the manual says as long as 5 minutes."""
FAILED = 1


class RefusedError(Exception):
    """The command failed; the text is what it prints on standard error, without the tool's name."""


def state_of(node: Node) -> dict[str, Any]:
    """The state of HPVM on a node, made on first use.

    ``guests`` by name; ``devices`` by path, the entries ``gdev`` and ``rdev`` of the device database; ``memory`` MiB;
    ``version`` as text.
    """
    usual: dict[str, Any] = {"guests": {}, "devices": {}, "next_id": 1, "memory": MEMORY, "version": "4.2"}
    return node["platforms"].setdefault(PLATFORM, usual)


def new_guest(node: Node, name: str) -> Guest:
    """What ``hpvmcreate`` makes of a name: no devices yet, 2 GiB, one processor, boot policy Manual."""
    state = state_of(node)
    state["next_id"] += 1
    return {
        "name": name,
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
        "id": state["next_id"] - 1,
        "boot": "Manual",
        "vcpus": 1,
        "memory": 2048,
        "devices": [],
        "switch": "vs_PROD",
        "label": "",
        "is_runnable": True,
        "is_modifiable": True,
        "is_visible": True,
        "online_migration": True,
        "graceful": GRACEFUL,
        "word": "",
    }


def storage(number: int, path: str) -> dict[str, str]:
    """A virtual disk, the ``number``-th of its guest, on a disk, a logical volume or a file."""
    found = lun_table.raw(path) == path and path.startswith(("/dev/rdisk/", "/dev/rdsk/"))
    kind = "disk" if found else "lv" if path.startswith("/dev/") else "file"
    return {"adapter": "avio_stor", "place": f"0,0,{number}", "kind": kind, "path": path}


def new_device(path: str, *, kind: str = "gdev", share: str = "NO", names: list[str] | None = None) -> dict[str, Any]:
    """An entry of the device database; ``names`` are further special files of the same device."""
    return {
        "kind": kind,
        "names": list(names or []),
        "type": "DISK" if path.startswith("/dev/") else "FILE",
        "share": share,
        "usage": "DISK",
    }


def find_guest(node: Node, options: dict[str, list[str]]) -> Guest:
    """The guest that ``-P name`` or ``-p number`` means. Raises RefusedError."""
    guests = state_of(node)["guests"]
    for guest in guests.values():
        if options.get("P", [""])[-1] == guest["name"] or options.get("p", [""])[-1] == str(guest["id"]):
            found: Guest = guest
            return found
    # [R]
    raise RefusedError(f"Guest '{(options.get('P') or options.get('p') or [''])[-1]}' not found.")


def power_of(node: Node, guest: Guest) -> Power | None:
    """What has power of a guest here, None while it is off."""
    power = node["powered"].get(guest["name"])
    return power if power is not None and power["platform"] == PLATFORM else None


def is_registered(guest: Guest) -> bool:
    """Whether it may run here: a guest that was migrated away is Not Runnable."""
    return bool(guest["is_runnable"])


def run_state(node: Node, guest: Guest) -> str:
    """``On`` or ``Off`` as ``hpvmstatus -M`` says; another word if a test has set one."""
    return str(guest["word"]) or ("On" if power_of(node, guest) else "Off")


def shown_state(world: World, node: Node, guest: Guest) -> str:
    """The state with its qualifier, as the table shows it: ``On (OS)``, ``On (EFI)``, ``Off``, ``Off (NR)``."""
    if guest["word"]:
        return str(guest["word"])
    power = power_of(node, guest)
    if power is None:
        return "Off" if is_registered(guest) else "Off (NR)"
    return f"On ({'OS' if life.is_due(power['answers_at'], now(world)) else 'EFI'})"


def free_memory(node: Node) -> int:
    """MiB that no running guest has."""
    state = state_of(node)
    used = sum(guest["memory"] for guest in state["guests"].values() if power_of(node, guest))
    return int(state["memory"]) - int(used)


def entry_of(node: Node, path: str) -> dict[str, Any] | None:
    """The entry of the device database that has a special file, under its first or another name."""
    for first, entry in state_of(node)["devices"].items():
        if path == first or path in entry["names"]:
            found: dict[str, Any] = entry
            return found
    return None


def users_of(node: Node, path: str, *, running: bool = False) -> list[str]:
    """Names of the guests of a node that have a device; only those that run, if asked."""
    return sorted(
        guest["name"]
        for guest in state_of(node)["guests"].values()
        if any(device["path"] == path for device in guest["devices"]) and (not running or power_of(node, guest))
    )


def device_problems(world: World, node: Node, guest: Guest) -> list[tuple[str, str]]:
    """Devices that keep a guest from starting here, each with the reason; the texts are [R]."""
    found = []
    for device in guest["devices"]:
        path = device["path"]
        reason = _problem(world, node, guest, device)
        if reason:
            found.append((path, reason))
    return found


def _problem(world: World, node: Node, guest: Guest, device: dict[str, str]) -> str:
    path = device["path"]
    if device["kind"] == "file":
        return ""
    entry = entry_of(node, path)
    if entry and entry["kind"] == "rdev":
        return "Device is restricted."
    others = [name for name in users_of(node, path, running=True) if name != guest["name"]]
    if others and (entry is None or entry["share"] != "YES"):
        return f"Device is in use by guest {others[0]} and is not shareable."
    if device["kind"] == "lv":
        found = group_table.group_of_file(node, path)
        return "" if found and found[1]["mode"] else "Device does not exist, or its volume group is not active."
    lun = lun_table.find_lun(world, node, path)
    if lun is None:
        return "Device does not exist."
    if lun_table.is_lost(lun[0], node):
        return "Device cannot be opened."
    if group_table.is_in_active_group(node, lun[0]):
        return "Device is in use by LVM of the host."
    return ""


def start(folder: str, world: World, node: Node, guest: Guest) -> None:
    """Give it power. It stays in EFI if it cannot write its disks: another node has reserved one of them."""
    power = life.power_up(folder, world, node, PLATFORM, guest["name"], now(world))
    for device in guest["devices"]:
        lun = lun_table.find_lun(world, node, device["path"]) if device["kind"] == "disk" else None
        if lun is not None and not disks.is_writable(lun[0], node["name"]):
            power["answers_at"] = power["shell_at"] = None


def power_ended(folder: str, world: World, node: Node, power: Power, how: str, at: float) -> None:
    """A guest shut down or crashed and is off; one that asked to be rebooted starts anew."""
    guest = state_of(node)["guests"].get(power["key"])
    if guest is not None and how == life.REBOOTED:
        life.power_up(folder, world, node, PLATFORM, guest["name"], at)


def set_registration(guest: Guest, *, is_enabled: bool) -> None:
    """``register_status``: the three together."""
    guest["is_runnable"] = guest["is_modifiable"] = guest["is_visible"] = is_enabled


def refused(call: Call, error: RefusedError, stdout: str = "", stderr: str = "") -> Answer:
    """The answer of a command that failed: its reason, and that it goes no further, [R]."""
    return Answer(FAILED, stdout, f"{stderr}{call.name}: {error}\n{call.name}: Unable to continue.\n")
