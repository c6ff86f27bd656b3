"""Writes of a group's metadata, and how they fail where another node has reserved a disk (captured)."""

from __future__ import annotations

from opensvc_testkit.executables.lvm import warnings
from opensvc_testkit.executables.lvm.lines import FAILED
from opensvc_testkit.executables.lvm.systems import system_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Answer
    from opensvc_testkit.executables.lvm.metadata import Seen
    from opensvc_testkit.executables.lvm.shapes import Group


NOT_BACKED_UP = "WARNING: This metadata update is NOT backed up."
TOLERANT = ("vgchange", "lvchange", "lvremove")
"""Commands to which it is enough that one disk of a group takes the write."""


def written(seen: Seen, group: Group, answer: Answer, program: str = "") -> bool:
    """Write a group; whether it came about. Lines of standard error are added to the answer."""
    if seen.has_copies(group):
        answer.status = FAILED
        answer.stderr += warnings.lines(f"Cannot update volume group {group['name']} with duplicate PV devices.")
        return False
    answer.stderr += warnings.of_writing(seen, group)
    is_tolerant, refusing = program in TOLERANT, seen.unwritable(group)
    for device in refusing if is_tolerant else refusing[:1]:
        answer.stderr += warnings.lines(
            f"Error writing device {device.path} at 23040 length 2048.",
            f"WARNING: bcache_invalidate: block ({seen.order.index(device)}, 0) still dirty.",
            f"Failed to write metadata to {device.path}.",
            *([f"WARNING: Failed to write an MDA of VG {group['name']}."] if is_tolerant else []),
        )
    present = [disk for disk in group["disks"] if disk["uuid"] in seen.devices]
    if refusing and (not is_tolerant or len(refusing) == len(present)):
        answer.status = FAILED
        answer.stderr += warnings.lines(f"Failed to write VG {group['name']}.")
        return False
    seen.write(group)
    said = warnings.lines(NOT_BACKED_UP)
    if not system_of(seen.node)["backs_up"] and said not in answer.stderr:
        answer.stderr += said
    return True
