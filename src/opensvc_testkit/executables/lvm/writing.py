"""Writes of a group's metadata, and how they fail where another node has reserved a disk (captured)."""

from __future__ import annotations

from opensvc_testkit.executables.lvm import warnings
from opensvc_testkit.executables.lvm.lines import FAILED
from opensvc_testkit.executables.lvm.metadata import UnwritableError
from opensvc_testkit.executables.lvm.systems import system_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Answer
    from opensvc_testkit.executables.lvm.metadata import Seen
    from opensvc_testkit.executables.lvm.shapes import Group


def written(seen: Seen, group: Group, answer: Answer) -> bool:
    """Write a group; whether it came about. Lines of standard error are added to the answer."""
    if seen.has_copies(group):
        answer.status = FAILED
        answer.stderr += warnings.lines(f"Cannot update volume group {group['name']} with duplicate PV devices.")
        return False
    answer.stderr += warnings.of_writing(seen, group)
    try:
        seen.write(group)
    except UnwritableError as error:
        answer.status = FAILED
        answer.stderr += warnings.lines(
            f"Error writing device {error} at 16384 length 4096.", f"Failed to write VG {group['name']}."
        )
        return False
    said = warnings.lines("WARNING: This metadata update is NOT backed up.")
    if not system_of(seen.node)["backs_up"] and said not in answer.stderr:
        answer.stderr += said
    return True
