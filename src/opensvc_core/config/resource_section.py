"""One section of a resource: which driver it means, and what its keywords say on this node."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from opensvc_core.config.default_section import Defaults
from opensvc_core.config.defaults import HOSTED
from opensvc_core.config.drivers import Drivers, FoundDriver
from opensvc_core.config.keywords import Keyword
from opensvc_core.config.labels import label_of
from opensvc_core.config.problems import Problems, did_you_mean
from opensvc_core.config.resource_keywords import RESOURCE_KEYWORDS
from opensvc_core.config.scanner import Entry, Section
from opensvc_core.config.section_values import NOTHING, SectionValues, chosen_entry, read_values
from opensvc_core.config.sections import (
    SECTION_TYPES,
    is_driver_id,
    named_driver,
    usual_driver,
)
from opensvc_core.config.values import convert
from opensvc_core.model import Phase, Resource, ResourceId

_MOUNTS = frozenset({"fs.mount", "fs.solaris"})
"""Drivers to which ``type`` of an ``fs#`` section may be the type of the file system."""
_SHARED = frozenset(keyword.name for keyword in RESOURCE_KEYWORDS) | {"scsireserv", "vgtype"}


@define
class Draft:
    """A resource while the file is being read.

    Attributes:
        section: as scanned; of an implied resource an empty one, with the line that implies it.
        driver: as found.
        values: what the section says.
        options: value of each keyword of the driver.
        inherited: keywords whose value comes from ``[default]``, with the entry there.
        container: rid of the container whose guest it lives in, or empty.
        is_postboot: whether the node brings it up inside its container once that is up.
        subset: key of its subset in the service, or empty.
        is_implied: whether the file has no section of it.
    """

    section: Section
    driver: FoundDriver
    values: SectionValues = NOTHING
    options: dict[str, Any] = field(factory=dict)
    inherited: dict[str, Entry] = field(factory=dict)
    container: str = ""
    is_postboot: bool = False
    subset: str = ""
    is_implied: bool = False

    @property
    def rid(self) -> str:
        """The rid inside the service: the name of the section."""
        return self.section.name

    def requires(self, keyword: str) -> tuple[str, ...]:
        """The rids in ``start_requires`` or ``stop_requires``, lower case."""
        return tuple(dict.fromkeys(rid.lower() for rid in self.values.get(keyword) or ()))

    def resource(self, service: str, defaults: Defaults) -> Resource:
        """The resource on this node, when all is read."""
        get = self.values.get
        scopes = defaults.scopes
        return Resource(
            id=ResourceId(service, self.rid),
            driver=self.driver.id,
            options=self.options,
            label=label_of(self.driver.id, self.options),
            phase=self.driver.phase,
            container=self.container,
            is_postboot=self.is_postboot,
            is_disabled=bool(get("disable")) or scopes.includes(get("disable_on") or ()),
            is_optional=bool(get("optional")),
            is_standby=bool(get("standby")) or scopes.includes(get("always_on") or ()),
            tags=frozenset(get("tags") or ()),
            subset=self.subset,
            start_requires=self.requires("start_requires"),
            stop_requires=self.requires("stop_requires"),
            problem=self.driver.problem,
            hint=self.driver.hint,
            line=0 if self.is_implied else self.section.line,
        )


class SectionReader:
    """Reads the resource sections of one file.

    Args:
        service: name of the service.
        os_name: of the node, as ``uname -s`` prints it.
        defaults: what ``[default]`` says.
        drivers: those that can be asked about.
        problems: takes what is wrong.
    """

    def __init__(self, service: str, os_name: str, defaults: Defaults, drivers: Drivers, problems: Problems) -> None:
        self._service = service
        self._os_name = os_name
        self._defaults = defaults
        self._drivers = drivers
        self._problems = problems

    def driver(self, section: Section, guest_type: str) -> str:
        """Driver id that a section means; empty, and a problem, if it means none.

        Args:
            section: of a resource.
            guest_type: type of the container that the resource belongs to, ``hosted`` for none.
        """
        group = section.name.partition("#")[0]
        scopes = self._defaults.scopes
        entry = chosen_entry(section, "type", scopes)
        word = entry.value if entry else ""
        if group == "fs" and word and "." not in word and not self._drivers.is_installed(f"fs.{word.lower()}"):
            word = ""
        if group not in SECTION_TYPES:
            return self._foreign_driver(section, group, word)
        if word:
            driver = named_driver(group, word)
        elif group == "container":
            driver = named_driver(group, self._defaults.mode) if self._defaults.mode not in {"", HOSTED} else ""
        elif group == "vg" and (vgtype := chosen_entry(section, "vgtype", scopes)):
            driver = f"disk.{vgtype.value.lower()}"
        else:
            driver = usual_driver(group, guest_type, self._os_name)
        if is_driver_id(driver):
            return driver
        line = entry.line if entry else section.line
        if word:
            self._problems.add(line, section.name, "type", f"{word!r} cannot be part of a driver id such as disk.lvm")
        elif usual_driver(group, guest_type, "Linux"):
            self._problems.add(
                line, section.name, "type", f"must be given: {group}# sections have no usual driver on {self._os_name}"
            )
        elif self._defaults.mode or group != "container":
            example = "kvm" if group == "container" else "lvm"
            self._problems.add(line, section.name, "type", "must be given", f"add a line such as `type = {example}`")
        return ""

    def _foreign_driver(self, section: Section, group: str, word: str) -> str:
        """Driver of a section whose type is not in the vocabulary: ``type`` must name one."""
        driver = named_driver(group, word) if word else ""
        if is_driver_id(driver) and ("." in word or self._drivers.is_installed(driver)):
            return driver
        hint = did_you_mean(group, (*SECTION_TYPES, "default", "subset"))
        if not hint and driver:
            hint = f"no installed distribution gives a driver {driver}"
        self._problems.add(section.line, section.name, "", f"unknown section type {group!r}", hint)
        return ""

    def read(self, section: Section, driver: str, *, is_implied: bool = False) -> Draft:
        """Values and options of a section whose driver is known."""
        found = self._drivers.find(driver)
        draft = Draft(section, found, is_implied=is_implied)
        draft.values = read_values(
            section, found.known, self._defaults.scopes, self._problems, is_open=bool(found.problem)
        )
        if found.problem:
            values = draft.values.values.items()
            draft.options = {name: value for name, value in values if name not in _SHARED}
        for keyword in found.keywords:
            draft.options[keyword.name] = self._option(draft, keyword)
        self._add_file_system_type(draft)
        if found.id.startswith("container."):
            self._name_guest(draft)
        return draft

    def _option(self, draft: Draft, keyword: Keyword) -> Any:
        """Value of a keyword of the driver: the section's, else what it inherits, else its default."""
        name, section = keyword.name, draft.section
        value = draft.values.get(name)
        if value is not None and not (keyword.required and value in {"", ()}):
            return value
        source = self._defaults.values.entries.get(keyword.inherits) if keyword.inherits else None
        if source is not None and name not in draft.values.values:
            draft.inherited[name] = source
            try:
                return convert(keyword, source.value)
            except ValueError as error:
                self._problems.add(source.line, "default", source.name, f"{error} (read by [{section.name}])")
                return keyword.default
        if keyword.required and (name not in draft.values.values or value is not None):
            line = draft.values.line(name) or section.line
            here = any(self._is_name_of(keyword, entry) for entry in section.entries)
            where = f" for {self._defaults.scopes.node}" if here and value is None else ""
            example = f" such as `{name} = {keyword.example}`" if keyword.example else ""
            self._problems.add(line, section.name, name, f"must be given{where}", f"add a line{example}")
        return keyword.default

    @staticmethod
    def _is_name_of(keyword: Keyword, entry: Entry) -> bool:
        return entry.keyword == keyword.name or entry.keyword in keyword.aliases

    @staticmethod
    def _add_file_system_type(draft: Draft) -> None:
        """In 2010 ``type`` of a file system was what it is formatted as, not its driver."""
        word = draft.values.get("type")
        if draft.driver.id in _MOUNTS and word and named_driver("fs", word) != draft.driver.id:
            draft.options["type"] = word

    def _name_guest(self, draft: Draft) -> None:
        """A guest that is given no name has ``vm_name`` of ``[default]``, else that of the service."""
        if draft.driver.problem and not draft.options.get("name"):
            draft.options["name"] = draft.options.pop("vm_name", "")
        if draft.driver.problem or "name" in draft.options:
            source = self._defaults.values.entries.get("vm_name")
            if not draft.options.get("name") and source is not None and source.value:
                draft.inherited["name"] = source
                draft.options["name"] = source.value
            draft.options["name"] = draft.options.get("name") or self._service


def guest_type(driver: str) -> str:
    """Type of the container whose driver this is: ``kvm`` of ``container.kvm``; ``hosted`` for none."""
    return driver.partition(".")[2] or HOSTED


def is_container(driver: str) -> bool:
    """Whether resources of this driver are guests."""
    return driver.startswith("container.")


def has_container_phase(draft: Draft) -> bool:
    """Whether a resource starts no earlier than the containers do."""
    return draft.driver.phase >= Phase.CONTAINER
