"""Activation of simulated logical volumes: what ``volume_list`` keeps out is refused silently (captured)."""

from __future__ import annotations

from opensvc_testkit.executables.lvm.systems import active_of, bring_down, bring_up, may_activate, system_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.lvm.metadata import Seen
    from opensvc_testkit.executables.lvm.shapes import Group, LogicalVolume


def activate(seen: Seen, group: Group, volumes: list[LogicalVolume], *, ignore_skip: bool) -> list[str]:
    """Bring volumes up; lines of what was refused aloud."""
    said = []
    for volume in volumes:
        if active_of(seen.node, volume) or not may_activate(seen.node, group, volume):
            continue
        if volume["skip"] and not ignore_skip:
            continue
        if seen.is_partial(group, volume):
            said.append(
                f"Refusing activation of partial LV {group['name']}/{volume['name']}.  "
                "Use '--activationmode partial' to override."
            )
        elif system_of(seen.node)["has_mapper"]:
            bring_up(seen.node, group, volume)
    return said


def deactivate(seen: Seen, group: Group, volumes: list[LogicalVolume]) -> list[str]:
    """Bring volumes down, all or none; lines of those that are in use."""
    held = []
    for volume in volumes:
        active = active_of(seen.node, volume)
        if active is not None and active["open"]:
            held.append(f"Logical volume {group['name']}/{volume['name']} in use.")
            if active["open"] > 0:
                active["open"] -= 1
    if not held:
        for volume in volumes:
            bring_down(seen.node, volume)
    return held


def count(seen: Seen, group: Group) -> int:
    """How many volumes of a group are active."""
    return sum(active_of(seen.node, volume) is not None for volume in group["volumes"])
