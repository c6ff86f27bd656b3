"""What must hold among the sections of a file, beyond each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from opensvc_core.config.default_section import Defaults
from opensvc_core.config.defaults import HOSTED
from opensvc_core.config.problems import Problems, did_you_mean
from opensvc_core.config.resource_section import Draft, guest_type, is_container
from opensvc_core.config.sections import can_reserve


def check_requirements(drafts: Sequence[Draft], problems: Problems) -> None:
    """``start_requires`` and ``stop_requires`` name other resources of the service."""
    rids = [draft.rid for draft in drafts]
    for draft in drafts:
        for keyword in ("start_requires", "stop_requires"):
            for rid in draft.requires(keyword):
                line = draft.values.line(keyword)
                if rid == draft.rid:
                    problems.add(line, draft.rid, keyword, "a resource cannot wait for itself")
                elif rid not in rids:
                    problems.add(
                        line, draft.rid, keyword, f"the service has no resource {rid!r}", did_you_mean(rid, rids)
                    )


def check_node_words(drafts: Sequence[Draft], defaults: Defaults, problems: Problems) -> None:
    """``always_on`` and ``disable_on`` name nodes of the service."""
    for draft in drafts:
        for keyword in ("always_on", "disable_on"):
            for word in draft.values.get(keyword) or ():
                message, hint = defaults.scopes.refuse(word)
                if message:
                    problems.add(draft.values.line(keyword), draft.rid, keyword, message, hint)


def check_guests(drafts: Sequence[Draft], defaults: Defaults, problems: Problems) -> None:
    """The mode fits the containers, no guest is named twice, and what is said of a guest has one."""
    containers = [draft for draft in drafts if is_container(draft.driver.id)]
    types = {guest_type(draft.driver.id) for draft in containers}
    line = defaults.values.line("mode")
    if defaults.has_mode and defaults.mode and containers and defaults.mode not in types:
        problems.add(
            line,
            "default",
            "mode",
            f"is {defaults.mode!r}, and the containers are of type {', '.join(sorted(types))}",
            "take the line out: the sections say it" if defaults.mode == HOSTED else "make them agree",
        )
    if not containers and defaults.mode == HOSTED:
        for keyword in ("vm_name", "guest_os"):
            if defaults.values.line(keyword):
                problems.add(
                    defaults.values.line(keyword),
                    "default",
                    keyword,
                    "says something of a guest, and the service has none",
                    "set `mode`, or add a [container#0] section",
                )
    seen: dict[tuple[Any, ...], Draft] = {}
    for draft in containers:
        # A guest is known by its name to one hypervisor: drivers that can talk to several have a keyword `uri`.
        key = (draft.driver.id, draft.options.get("name"), draft.options.get("uri"))
        first = seen.setdefault(key, draft)
        if first is not draft and key[1]:
            problems.add(
                draft.values.line("name") or draft.section.line,
                draft.rid,
                "name",
                f"{key[1]!r} is the guest of [{first.rid}] already",
                "give each container its own `name`",
            )


def settle_reservations(drafts: Sequence[Draft], defaults: Defaults, problems: Problems) -> None:
    """Give every resource whose disks can be reserved a definite ``scsireserv``.

    What its section says wins; else a disk group does as ``[default]`` says. So does a container, but only where no
    other section has disks to reserve: nobody's ``scsireserv = true`` goes for nothing.
    """
    default = bool(defaults.values.get("scsireserv"))
    reservable = [draft for draft in drafts if can_reserve(draft.driver.id)]
    disks = [draft for draft in reservable if not is_container(draft.driver.id)]
    for draft in reservable:
        own = draft.values.get("scsireserv")
        usual = default and not (disks and is_container(draft.driver.id))
        draft.options["scsireserv"] = usual if own is None else own
        if own is None and usual:
            draft.inherited["scsireserv"] = defaults.values.entries["scsireserv"]
    if default and not reservable and defaults.mode:
        problems.add(
            defaults.values.line("scsireserv"),
            "default",
            "scsireserv",
            "is true, and the service has no disks to reserve",
            "add a [vmdg], vg#, pool# or disk# section, or say false",
        )


def settle_subsets(drafts: Sequence[Draft], declared: Mapping[str, Any]) -> None:
    """Give every draft the key of its subset: ``disk:g1`` where that has a section, else ``g1``."""
    for draft in drafts:
        name = str(draft.values.get("subset") or "").lower()
        if name:
            family = f"{draft.driver.id.partition('.')[0]}:{name}"
            draft.subset = family if family in declared else name
