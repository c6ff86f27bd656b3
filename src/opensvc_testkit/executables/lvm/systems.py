"""The LVM of one simulated node: its configuration, and what its kernel has active."""

from __future__ import annotations

from opensvc_testkit.executables import mapped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from opensvc_testkit.executables.lvm.shapes import Active, Group, LogicalVolume, System
    from opensvc_testkit.executables.shapes import Node

PLATFORM = "lvm"


def system_of(node: Node) -> System:
    """The LVM of a node; made on first use: it may activate everything."""
    kept: Any = node["platforms"].setdefault(
        PLATFORM,
        {
            "volume_list": None,
            "host_tags": [],
            "system_id": "",
            "uses_devices_file": False,
            "has_mapper": True,
            "backs_up": True,
            "active": {},
        },
    )
    system: System = kept
    return system


def mapper_name(group: str, volume: str) -> str:
    """A volume's name below ``/dev/mapper``."""
    return f"{group.replace('-', '--')}-{volume.replace('-', '--')}"


def active_of(node: Node, volume: LogicalVolume) -> Active | None:
    """A volume as the kernel has it; None if it is not active."""
    return system_of(node)["active"].get(volume["uuid"])


def bring_up(node: Node, group: Group, volume: LogicalVolume) -> None:
    """Make a volume's device."""
    if volume["uuid"] in system_of(node)["active"]:
        return
    name = mapper_name(group["name"], volume["name"])
    uuid = f"LVM-{group['uuid']}{volume['uuid']}".replace("-", "").replace("LVM", "LVM-", 1)
    system_of(node)["active"][volume["uuid"]] = {
        "name": name,
        "uuid": uuid,
        "open": 0,
        "suspended": False,
        "health": "",
        "full": "",
    }
    mapped.number_of(node, name)


def bring_down(node: Node, volume: LogicalVolume) -> None:
    """Remove a volume's device."""
    active = system_of(node)["active"].pop(volume["uuid"], None)
    if active is not None:
        mapped.forget(node, active["name"])


def forget_all(node: Node) -> None:
    """The node has been off: nothing is active."""
    if PLATFORM not in node["platforms"]:
        return
    for active in system_of(node)["active"].values():
        mapped.forget(node, active["name"])
    system_of(node)["active"].clear()


def may_activate(node: Node, group: Group, volume: LogicalVolume) -> bool:
    """Whether ``volume_list`` lets a volume in: by its group, itself, a tag (``@tag``), or a host tag (``@*``)."""
    system = system_of(node)
    if system["volume_list"] is None:
        return True
    tags = {*group["tags"], *volume["tags"]}
    named = {group["name"], f"{group['name']}/{volume['name']}", *(f"@{tag}" for tag in tags)}
    if "@*" in system["volume_list"] and tags & set(system["host_tags"]):
        return True
    return bool(named & set(system["volume_list"]))
