"""Which container each resource belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opensvc_core.config.problems import Problems, did_you_mean
from opensvc_core.config.resource_section import Draft, has_container_phase, is_container
from opensvc_core.config.scanner import Section
from opensvc_core.config.scopes import Scopes
from opensvc_core.config.section_values import chosen_entry
from opensvc_core.model import Phase

_ROOTED_IN_NODE: Final = frozenset({"container.zone"})
"""Containers whose disks and file systems the node brings up, those without the tag ``preboot`` after their boot."""
PREBOOT: Final = "preboot"
"""Tag of a disk or file system of a zone that must be there before the zone is attached."""


def named_container(section: Section, containers: Mapping[str, str], scopes: Scopes) -> str:
    """Rid of the container that a section belongs to, as far as can be said before its driver is known.

    Args:
        section: of a resource that is no container.
        containers: driver id of each container, by rid.
        scopes: of the service, seen from this node.
    """
    entry = chosen_entry(section, "container", scopes)
    if entry is not None:
        return entry.value.lower()
    return next(iter(containers), "")


def assign_container(draft: Draft, containers: Mapping[str, str], problems: Problems) -> None:
    """Give a draft its container; what cannot be said is a problem."""
    line = draft.values.line("container")
    explicit = str(draft.values.get("container") or "").lower()
    if explicit:
        if is_container(draft.driver.id):
            problems.add(line, draft.rid, "container", "a container lives in no other container", "take the line out")
        elif explicit not in containers:
            problems.add(
                line,
                draft.rid,
                "container",
                f"the service has no container {explicit!r}",
                did_you_mean(explicit, containers) or _choices(containers),
            )
        elif _is_of_rooted(draft, containers[explicit]):
            draft.is_postboot = PREBOOT not in (draft.values.get("tags") or ())
        elif not draft.driver.lives_in_guest and not draft.driver.problem and not has_container_phase(draft):
            problems.add(
                line,
                draft.rid,
                "container",
                f"{draft.driver.id} handles what lies on the node, not in a guest",
                "take the line out",
            )
        draft.container = explicit
    elif draft.driver.lives_in_guest:
        _assign_only(draft, containers, problems)
    elif len(containers) == 1 and _is_of_rooted(draft, next(iter(containers.values()))):
        draft.container = next(iter(containers))
        draft.is_postboot = PREBOOT not in (draft.values.get("tags") or ())


def _is_of_rooted(draft: Draft, container: str) -> bool:
    """Whether a draft is a disk or file system that the node brings up for that container."""
    in_question = {Phase.DISK, Phase.FILESYSTEM}
    return container in _ROOTED_IN_NODE and draft.driver.phase in in_question and not draft.driver.lives_in_guest


def _assign_only(draft: Draft, containers: Mapping[str, str], problems: Problems) -> None:
    if len(containers) == 1:
        draft.container = next(iter(containers))
    elif containers:
        problems.add(
            draft.section.line,
            draft.rid,
            "container",
            "must be given: the service has more than one container",
            _choices(containers),
        )
    elif draft.driver.needs_guest:
        problems.add(
            draft.section.line,
            draft.rid,
            "",
            f"{draft.driver.id} belongs to a guest, and the service has none",
            "set `mode` in [default], or add a [container#0] section",
        )


def _choices(containers: Mapping[str, str]) -> str:
    return " or ".join(f"`container = {rid}`" for rid in containers)
