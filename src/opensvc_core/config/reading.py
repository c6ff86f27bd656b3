"""One service file on one node: from its text to the drafts of its resources, with everything that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen

from opensvc_core.config.checks import (
    check_guests,
    check_node_words,
    check_requirements,
    settle_reservations,
    settle_subsets,
)
from opensvc_core.config.default_section import NAME as DEFAULT_SECTION
from opensvc_core.config.default_section import Defaults, read_defaults
from opensvc_core.config.defaults import HOSTED
from opensvc_core.config.drivers import Describe, Drivers
from opensvc_core.config.guests import assign_container, named_container
from opensvc_core.config.names import refuse_service_name
from opensvc_core.config.problems import Problems, did_you_mean
from opensvc_core.config.resource_keywords import SUBSET_KEYWORDS
from opensvc_core.config.resource_section import Draft, SectionReader, guest_type, is_container
from opensvc_core.config.scanner import Section, read_text, scan
from opensvc_core.config.section_values import SectionValues, read_values, vocabulary
from opensvc_core.config.sections import DRIVER_GROUPS, NAME, SECTION_TYPES, SINGLE, can_reserve
from opensvc_core.config.unsupported import ENV_SECTION
from opensvc_core.model import Subset
from opensvc_core.node import Node

SUFFIX = ".env"
"""Of service files."""

_SUBSET = "subset"
_SUBSET_FAMILIES = tuple(dict.fromkeys(DRIVER_GROUPS.get(each, each) for each in SECTION_TYPES))
_KNOWN_IN_SUBSET = vocabulary(SUBSET_KEYWORDS)


@frozen
class Reading:
    """A service file as one node reads it.

    Attributes:
        name: of the service.
        defaults: what ``[default]`` says.
        drafts: the resources, in the order of the file, implied ones after.
        subsets: values of the ``[subset#...]`` sections, by what stands after ``#``.
        problems: what is wrong; as long as there is any, the rest is not to be used.
    """

    name: str
    defaults: Defaults
    drafts: tuple[Draft, ...]
    subsets: Mapping[str, SectionValues] = field(hash=False)
    problems: Problems


def read_service(
    path: Path, node: Node, describe: Describe, *, text: str | None = None, name: str | None = None
) -> Reading:
    """Read a service file; raises nothing: what is wrong is in ``Reading.problems``.

    Args:
        path: of the file.
        node: the node that reads it.
        describe: what is known of a driver.
        text: of the file; it is read from ``path`` when not given.
        name: of the service; by default that of the file.
    """
    problems = Problems(path)
    if name is None:
        name = path.name.removesuffix(SUFFIX)
    if refusal := refuse_service_name(name):
        problems.add(0, "", "", refusal)
    if text is None:
        try:
            text = read_text(path)
        except OSError as error:
            problems.add(0, "", "", f"cannot be read: {error.strerror or error}")
            return Reading(name, read_defaults(Section(DEFAULT_SECTION, 0), node.name, problems), (), {}, problems)
    sections = scan(text, problems)
    default = next((each for each in sections if each.name == DEFAULT_SECTION), None)
    defaults = read_defaults(default, node.name, problems)
    subsets: dict[str, SectionValues] = {}
    resources: list[Section] = []
    for section in sections:
        group, _, rest = section.name.partition("#")
        if group == _SUBSET:
            if _is_subset_name(section, rest, problems):
                subsets[rest] = read_values(section, _KNOWN_IN_SUBSET, defaults.scopes, problems)
        elif section.name == ENV_SECTION:
            problems.add(
                section.line, section.name, "", "is not supported by this version", "write the values where they belong"
            )
        elif section is not default and _is_resource(section, group, rest, problems):
            resources.append(section)
    reader = SectionReader(name, node.os_name, defaults, Drivers(describe), problems)
    drafts = _read_resources(reader, resources, defaults, problems)
    drafts += _implied_launchers(reader, drafts, defaults, node.folders.etc / f"{name}.d")
    drafts += _implied_replications(reader, defaults)
    settle_subsets(drafts, subsets)
    settle_reservations(drafts, defaults, problems)
    check_guests(drafts, defaults, problems)
    check_node_words(drafts, defaults, problems)
    check_requirements(drafts, problems)
    return Reading(name, defaults, tuple(drafts), subsets, problems)


def subsets_of(reading: Reading) -> dict[str, Subset]:
    """The subsets that have a section, and those that resources name without one, by key."""
    found = {name: Subset(name, bool(values.get("parallel"))) for name, values in reading.subsets.items()}
    for draft in reading.drafts:
        if draft.subset and draft.subset not in found:
            found[draft.subset] = Subset(draft.subset)
    return found


def _is_subset_name(section: Section, rest: str, problems: Problems) -> bool:
    family, colon, name = rest.rpartition(":")
    if not NAME.fullmatch(name) or (colon and not NAME.fullmatch(family)):
        problems.add(section.line, section.name, "", "a subset is [subset#<name>] or [subset#<group>:<name>]")
        return False
    if colon and family not in _SUBSET_FAMILIES:
        problems.add(
            section.line,
            section.name,
            "",
            f"there is no group {family!r} of resources",
            did_you_mean(family, _SUBSET_FAMILIES) or f"the groups are {', '.join(_SUBSET_FAMILIES)}",
        )
        return False
    return True


def _is_resource(section: Section, group: str, rest: str, problems: Problems) -> bool:
    """Whether the name of a section can be a rid; what cannot is a problem."""
    name, line = section.name, section.line
    if name == SINGLE:
        return True
    if group == SINGLE:
        problems.add(line, name, "", "a service has one [vmdg], without a number", "write [vmdg]")
    elif not name:
        pass  # told by the scanner
    elif "#" not in name:
        if name in SECTION_TYPES:
            problems.add(line, name, "", "has no name after '#'", f"write [{name}#0]")
        else:
            known = (*SECTION_TYPES, DEFAULT_SECTION, _SUBSET)
            problems.add(line, name, "", f"unknown section {name!r}", did_you_mean(name, known))
    elif not NAME.fullmatch(rest) or not group.isidentifier():
        problems.add(
            line, name, "", "a resource is [<type>#<name>], the name of letters, digits and . _ -", "write [ip#1]"
        )
    elif group == "sync" and rest[:1] == "i" and rest[1:].isdecimal():
        problems.add(line, name, "", "sync#i0, sync#i1, ... are resources of the agent itself", "take another name")
    else:
        return True
    return False


def _read_resources(
    reader: SectionReader, sections: list[Section], defaults: Defaults, problems: Problems
) -> list[Draft]:
    """The resources that have a section, and the container that the mode implies.

    Containers are read first: the driver of an address depends on the one that it belongs to.
    """
    drafts: dict[str, Draft] = {}
    containers: dict[str, str] = {}
    others = []
    for section in sections:
        if section.name.startswith("container#") or _names_container(section):
            driver = reader.driver(section, HOSTED)
            if driver:
                drafts[section.name] = reader.read(section, driver)
            # One that names no driver is still there: nobody shall be told that the service has no guest.
            containers[section.name] = driver
        else:
            others.append(section)
    implied = None
    if not containers and defaults.mode not in {"", HOSTED}:
        implied = Section("container#0", defaults.values.line("mode"))
        containers[implied.name] = f"container.{defaults.mode}"
        drafts[implied.name] = reader.read(implied, containers[implied.name], is_implied=True)
    elif not containers and not defaults.mode:
        # The mode is misspelt: what depends on it would only repeat that.
        containers["container#0"] = ""
    for section in others:
        guest = named_container(section, containers, defaults.scopes)
        driver = reader.driver(section, guest_type(containers.get(guest, "")))
        if driver:
            drafts[section.name] = reader.read(section, driver)
    order = [section.name for section in sections] + ([implied.name] if implied else [])
    read = [drafts[name] for name in order if name in drafts]
    for draft in read:
        assign_container(draft, containers, problems)
        _check_reserved_name(draft, problems)
    return read


def _names_container(section: Section) -> bool:
    return any(entry.keyword == "type" and is_container(entry.value.lower()) for entry in section.entries)


def _check_reserved_name(draft: Draft, problems: Problems) -> None:
    """``vg#1pr`` is the rid of the reservation of ``vg#1``."""
    if can_reserve(draft.driver.id) and draft.rid.endswith("pr"):
        problems.add(
            draft.section.line,
            draft.rid,
            "",
            "names that end with 'pr' are those of SCSI reservations",
            "take another name",
        )


def _implied_launchers(reader: SectionReader, drafts: list[Draft], defaults: Defaults, folder: Path) -> list[Draft]:
    """In the form of 2010 a service has the launchers in its guest, and without a guest those in ``etc/<svc>.d``."""
    containers = [draft for draft in drafts if is_container(draft.driver.id)]
    if any(draft.rid.startswith("app#") for draft in drafts) or len(containers) > 1 or not defaults.mode:
        return []
    if not (defaults.has_mode if containers else folder.is_dir()):
        return []
    section = Section("app#0", defaults.values.line("mode") or defaults.line)
    launchers = reader.read(section, "app.launchers", is_implied=True)
    if containers:
        launchers.container = containers[0].rid
    return [launchers]


def _implied_replications(reader: SectionReader, defaults: Defaults) -> list[Draft]:
    """A service of several nodes has its own files on all of them, and a disaster-recovery node those of the system."""
    nodes, drpnodes = defaults.scopes.nodes, defaults.scopes.drpnodes
    implied = [("sync#i0", "sync.service_files")] if len({*nodes, *drpnodes}) > 1 else []
    if drpnodes:
        implied.append(("sync#i1", "sync.system_files"))
    return [reader.read(Section(rid, defaults.line), driver, is_implied=True) for rid, driver in implied]
