"""What LVM says on standard error of groups that are not whole (captured)."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.lvm.metadata import Seen
    from opensvc_testkit.executables.lvm.shapes import Group


NO_MAPPER = (
    "/dev/mapper/control: open failed: No such device",
    "Failure to communicate with kernel device-mapper driver.",
    "Check that device-mapper is available in the kernel.",
    "Incompatible libdevmapper 1.02.185 (2022-05-18) and kernel driver (unknown version).",
)
"""Said once by a command that asks a kernel without device-mapper."""


def lines(*texts: str) -> str:
    """Lines as LVM prints them, indented by two."""
    return "".join(f"  {text}\n" for text in texts)


def of_reading(seen: Seen, groups: list[Group], *, foreign: bool = False) -> str:
    """Warnings of a command that reads some groups; ``foreign``: it was told to read those of other systems too."""
    said: list[str] = []
    for uuid, device in seen.devices.items():
        for copy in device.copies:
            said.append(f"WARNING: Not using device {copy} for PV {uuid}.")
            said.append(f"WARNING: PV {uuid} prefers device {device.path} because device name matches previous.")
    names = [group["name"] for group in seen.groups]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        uuids = " and ".join(group["uuid"] for group in seen.named(name))
        said.append(f"WARNING: VG name {name} is used by VGs {uuids}.")
        said.append("Fix duplicate VG names with vgrename uuid, a device filter, or system IDs.")
    for group in groups:
        if not foreign:
            said += _not_found(seen, group)
        said += _of_group(seen, group)
    return lines(*said)


def _not_found(seen: Seen, group: Group) -> list[str]:
    return [
        f"WARNING: Couldn't find device with uuid {disk['uuid']}."
        for disk in seen.missing(group)
        if disk["uuid"] not in seen.devices
    ]


def _of_group(seen: Seen, group: Group) -> list[str]:
    name, said = group["name"], []
    for disk in seen.stale(group):
        fresh = next(each for each in group["disks"] if seen.versions.get(each["uuid"]) == group["seqno"])
        said.append(
            f"WARNING: ignoring metadata seqno {seen.versions[disk['uuid']]} on {seen.device_name(disk)} "
            f"for seqno {group['seqno']} on {seen.device_name(fresh)} for VG {name}."
        )
    if said:
        said += [
            f"WARNING: Inconsistent metadata found for VG {name}.",
            "See vgck --updatemetadata to correct inconsistency.",
        ]
    for disk in seen.missing(group):
        if disk["uuid"] in seen.devices:
            path = seen.device_name(disk)
            said.append(f"WARNING: VG {name} was previously updated while PV {path} was missing.")
            said.append(f"WARNING: VG {name} was missing PV {path} {disk['uuid']}.")
        else:
            said.append(f"WARNING: VG {name} is missing PV {disk['uuid']} (last written to {disk['device']}).")
    return said


def of_writing(seen: Seen, group: Group) -> str:
    """Warnings of a write of a group's metadata, before it is written."""
    said = []
    for disk in seen.missing(group):
        if disk["uuid"] in seen.devices:
            text = f"WARNING: VG {group['name']} was previously updated while PV {seen.device_name(disk)} was missing."
        else:
            text = f"WARNING: Couldn't find device with uuid {disk['uuid']}."
        said += [text, text]
    for disk in seen.stale(group):
        path = seen.device_name(disk)
        said.append(f"WARNING: updating old metadata to {group['seqno'] + 1} on {path} for VG {group['name']}.")
    return lines(*said)
