"""Which groups and volumes the words of an LVM command mean, and why they may not be used (captured)."""

from __future__ import annotations

from opensvc_testkit.executables.lvm.lines import FAILED
from opensvc_testkit.executables.lvm.systems import system_of
from opensvc_testkit.executables.lvm.warnings import lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.lvm.metadata import Seen
    from opensvc_testkit.executables.lvm.shapes import Group, LogicalVolume


class Chosen:
    """Groups that a command works on.

    ``stderr`` and ``status`` are of the words that meant none that may be used; ``notes`` come before everything else.
    """

    __slots__ = ("groups", "notes", "status", "stderr")

    def __init__(self) -> None:
        self.groups: list[Group] = []
        self.status = 0
        self.stderr = ""
        self.notes = ""

    def refuse(self, *texts: str) -> None:
        """A word cannot be followed."""
        self.stderr += lines(*texts)
        self.status = FAILED


def is_foreign(seen: Seen, group: Group) -> bool:
    """Whether a group belongs to another system."""
    return group["system_id"] not in ("", system_of(seen.node)["system_id"])


def choose(seen: Seen, words: list[str], *, foreign: bool = False, exported: bool = False) -> Chosen:
    """Groups by name or ``@tag``; without words all.

    Args:
        seen: what there is.
        words: names and tags.
        foreign: groups of other systems may be used too.
        exported: exported groups may be used too.
    """
    chosen = Chosen()
    for group in seen.unsorted:
        if is_foreign(seen, group) and not foreign and (not words or group["name"] in words):
            # Who has a system id of its own passes over those of others without a word.
            chosen.notes += "" if system_of(seen.node)["system_id"] else lines(foreign_text(seen, group))
        tagged = any(f"@{tag}" in words for tag in group["tags"])
        if (not words or tagged) and (foreign or not is_foreign(seen, group)) and (exported or not group["exported"]):
            chosen.groups.append(group)
    for word in words:
        if word.startswith("@"):
            continue
        found = seen.named(word.removeprefix("/dev/"))
        if not found:
            chosen.refuse(f'Volume group "{word}" not found', f"Cannot process volume group {word}")
        elif len(found) > 1:
            chosen.refuse(
                f"Multiple VGs found with the same name: skipping {word}",
                "Use --select vg_uuid=<uuid> in place of the VG name.",
            )
        elif is_foreign(seen, found[0]) and not foreign:
            chosen.refuse(foreign_text(seen, found[0]))
        elif found[0]["exported"] and not exported:
            chosen.refuse(f"Volume group {word} is exported")
        elif found[0] not in chosen.groups:
            chosen.groups.append(found[0])
    return chosen


def foreign_text(seen: Seen, group: Group) -> str:
    """Why a group of another system may not be used."""
    own = system_of(seen.node)["system_id"]
    local = f"local system ID {own}" if own else "unknown local system ID"
    return f"Cannot access VG {group['name']} with system ID {group['system_id']} with {local}."


def find_volume(group: Group, name: str) -> LogicalVolume | None:
    """A volume of a group by its name."""
    return next((volume for volume in group["volumes"] if volume["name"] == name), None)


def split_name(word: str) -> tuple[str, str]:
    """Group and volume of ``vg/lv`` or ``/dev/vg/lv``; the volume is empty where only a group is named."""
    group, _, volume = word.removeprefix("/dev/").partition("/")
    return group, volume
