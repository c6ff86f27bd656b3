"""What a collector is told of statuses: a service's on this node, and each of its resources'. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from opensvc_collector_client.payloads.redaction import without_secrets
from opensvc_collector_client.payloads.text import local_time, one_word, trimmed
from opensvc_collector_client.records import Call, row, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from opensvc_core.api import Service

GROUPS: Final = ("ip", "disk", "sync", "container", "fs", "app")
"""Columns of ``svcmon`` that have a field of their own."""
STATUSES: Final = frozenset({"up", "down", "warn", "n/a", "undef", "stdby up", "stdby down"})
_RESOURCE_FIELDS: Final = ("svcname", "nodename", "rid", "res_desc", "res_status", "updated", "res_log")
HOSTED: Final = "hosted"
"""Container type of a service without one (agent 2010)."""


@frozen
class ServiceFacts:
    """What a status says of the service itself.

    Attributes:
        type: ``PRD``, ``DEV``, …
        nodes: its production nodes.
        guest: name of its first guest, empty if it has none.
        container_type: driver of its first container, ``hosted`` without one.
    """

    type: str = "DEV"
    nodes: tuple[str, ...] = ()
    guest: str = ""
    container_type: str = HOSTED


def service_facts(service: Service) -> ServiceFacts:
    """The facts of a service as its file tells them."""
    kind = str(service.options.get("service_type") or "DEV")
    container = next((each for each in service.resources if each.id.group == "container"), None)
    if container is None:
        return ServiceFacts(kind, service.nodes)
    guest = container.options.get("name") or service.options.get("vm_name") or service.name
    return ServiceFacts(kind, service.nodes, one_word(guest), container.driver.partition(".")[2])


def svcmon_update(
    service: str, at: float, data: Mapping[str, Any], facts: ServiceFacts, node: str, host_mode: str
) -> Call:
    """The status of a service on this node.

    Args:
        service: its name.
        at: when it became so, seconds since the epoch.
        data: of the change: ``avail``, ``overall``, ``frozen``, ``groups``.
        facts: of the service.
        node: this node's name.
        host_mode: ``PRD``, ``DEV``, …, or empty.
    """
    groups = data.get("groups") or {}
    return row(
        "svcmon_update",
        {
            "mon_svcname": service,
            "mon_svctype": facts.type,
            "mon_nodname": node,
            "mon_nodtype": host_mode,
            "mon_hostid": node,
            **{f"mon_{group}status": known_status(groups.get(group, "n/a")) for group in GROUPS},
            "mon_overallstatus": known_status(data.get("overall")),
            "mon_availstatus": known_status(data.get("avail")),
            "mon_updated": local_time(at),
            "mon_prinodes": facts.nodes,
            "mon_frozen": bool(data.get("frozen")),
            "mon_vmname": facts.guest,
            "mon_vmtype": facts.container_type,
        },
    )


def resmon_update(service: str, at: float, data: Mapping[str, Any], node: str) -> list[Call]:
    """The statuses of a service's resources, if it has any; arguments as of ``svcmon_update``."""
    resources: Mapping[str, Mapping[str, Any]] = data.get("resources") or {}
    rows = [
        (
            service,
            node,
            one_word(rid),
            without_secrets(str(each.get("label", ""))),
            known_status(each.get("status")),
            local_time(at),
            _notes(each.get("notes") or ()),
        )
        for rid, each in resources.items()
    ]
    return [table("resmon_update", _RESOURCE_FIELDS, rows)] if rows else []


def known_status(word: object) -> str:
    """A status as the collector knows it: what it does not know is ``undef``."""
    return str(word) if word in STATUSES else "undef"


def _notes(notes: Iterable[Any]) -> str:
    """The notes of a resource, a line each: texts, or documents with a ``text``."""
    lines = [str(note.get("text", "")) if isinstance(note, dict) else str(note) for note in notes]
    return trimmed(without_secrets("\n".join(line for line in lines if line)))
