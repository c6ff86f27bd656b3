"""Inventory, facts, checks and packages as JSON-ready values and as lines: shapes of `docs/reference`. Pure."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from attrs import asdict

from opensvc_core.cli.document import SCHEMA, Document, error_documents, moment, note_documents
from opensvc_core.cli.plain import line
from opensvc_core.inventory.records import Interface

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from attrs import Attribute

    from opensvc_core.errors import OpenSVCError
    from opensvc_core.inventory.records import CheckReport, Inventory, NodeFacts, PackageList
    from opensvc_core.model import Note

UNKNOWN = "unknown"
"""What is printed for what cannot be told."""
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def known(value: object) -> str:
    """A value in words: ``unknown`` for none, lists with commas."""
    if value is None:
        return UNKNOWN
    if isinstance(value, (tuple, list)):
        return ",".join(known(each) for each in value)
    return str(value)


def size(number: int | None) -> str:
    """Bytes for people: ``512 MiB``, ``1.5 TiB``; ``unknown`` for none."""
    if number is None:
        return UNKNOWN
    value, unit = float(number), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.1f} {_UNITS[unit]}".replace(".0 ", " ")


def _serialize(_: type, __: Attribute[Any] | None, value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


def _as_document(record: Any) -> Document:
    """A record: its notes as elsewhere, its time as ISO 8601, what cannot be told null."""
    document = asdict(record, value_serializer=_serialize)
    document.update({"at": moment(record.at), "notes": note_documents(record.notes)})
    return {"schema": SCHEMA, **document}


def inventory_document(inventory: Inventory, broken: Mapping[str, OpenSVCError]) -> Document:
    """What ``osvc inventory --format json`` prints (``inventory.schema.json``)."""
    document = _as_document(inventory)
    document["services"] = {service.pop("service"): service for service in document["services"]}
    return {**document, "errors": error_documents(broken)}


def facts_document(facts: NodeFacts) -> Document:
    """What ``osvc node facts --format json`` prints (``node-facts.schema.json``)."""
    document = _as_document(facts)
    document["boot_time"] = None if facts.boot_time is None else moment(facts.boot_time)
    return document


def checks_document(report: CheckReport, broken: Mapping[str, OpenSVCError]) -> Document:
    """What ``osvc node checks --format json`` prints (``node-checks.schema.json``)."""
    return {**_as_document(report), "errors": error_documents(broken)}


def packages_document(packages: PackageList) -> Document:
    """What ``osvc node packages --format json`` prints (``node-packages.schema.json``)."""
    return _as_document(packages)


def inventory_lines(inventory: Inventory) -> str:
    """``service`` lines, then ``disk`` and ``fact`` lines of each; notes at the end as ``# severity code text``."""
    lines = []
    for service in inventory.services:
        name = service.service
        lines.append(line("service", name, known(service.vcpus), known(service.memory), known(service.addresses)))
        for disk in service.disks:
            told = (known(each) for each in (disk.disk_id, disk.size, disk.vendor, disk.model))
            lines.append(line("disk", name, disk.rid, disk.guest, disk.path, disk.kind, *told, disk.group))
        lines += [
            line("fact", name, resource.rid, fact, known(value))
            for resource in service.resources
            for fact, value in sorted(resource.facts.items())
        ]
    return "".join(lines) + note_lines(inventory.notes)


def fact_pairs(facts: NodeFacts) -> Iterator[tuple[str, str]]:
    """Name and value of each fact, in the order of ``NodeFacts``; an interface each by itself."""
    for name, value in facts_document(facts).items():
        if name in {"schema", "at", "notes", "interfaces"}:
            continue
        yield name, known(value)
    if facts.interfaces is None:
        yield "interfaces", UNKNOWN
    for interface in facts.interfaces or ():
        yield f"interface {interface.name}", _interface(interface)


def _interface(interface: Interface) -> str:
    state = {True: "up", False: "down", None: UNKNOWN}[interface.is_up]
    return " ".join((state, interface.mac or "-", known(interface.addresses))).rstrip()


def facts_lines(facts: NodeFacts) -> str:
    """``name value``, a line each; an interface as ``interface NAME  up MAC ADDRESS,…``."""
    return "".join(line(*pair) for pair in fact_pairs(facts)) + note_lines(facts.notes)


def checks_lines(report: CheckReport) -> str:
    """``type instance percent state service rid warning error text``, a line each."""
    return "".join(
        line(
            check.type, check.instance, known(check.value), check.state.value, check.service, check.rid,
            _bound(check.warning), _bound(check.error), check.text,
        )
        for check in report.checks
    ) + note_lines(report.notes)  # fmt: skip


def _bound(percent: int | None) -> str:
    return "off" if percent is None else str(percent)


def packages_lines(packages: PackageList) -> str:
    """``package name version arch`` and ``patch number revision``, a line each."""
    lines = [line("package", each.name, each.version, each.arch) for each in packages.packages or ()]
    lines += [line("patch", each.number, each.revision) for each in packages.patches or ()]
    return "".join(lines) + note_lines(packages.notes)


def note_lines(notes: tuple[Note, ...]) -> str:
    """``# severity code text``, a line each."""
    return "".join(line("#", note.severity.value, note.code, note.text) for note in notes)
