"""What a collector knows, as short tables for people: services, actions, disks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from opensvc_testkit.collector.methods import IDENTITY

if TYPE_CHECKING:
    from opensvc_testkit.collector.checking import Row
    from opensvc_testkit.collector.record import Record


def tell_all(record: Record) -> str:
    """The tables of services, actions and disks, one below the other."""
    parts = (services(record), actions(record), disks(record))
    return "\n\n".join(table(heading, rows) for heading, rows in parts)


Table = tuple[Sequence[str], list[Sequence[str]]]


def services(record: Record) -> Table:
    """Each service with its state on each node that told one."""
    states: dict[str, list[Row]] = {}
    for each in record.records("status"):
        states.setdefault(each["mon_svcname"], []).append(each)
    rows: list[Sequence[str]] = []
    for service in record.records("service"):
        name = service["svc_name"]
        about = (name, service["svc_type"], service["svc_containertype"], service["svc_app"])
        told = states.get(name) or [{}]
        rows += [(*about, each.get("mon_nodname", "-"), each.get("mon_overallstatus", "-")) for each in told]
    return ("service", "type", "container", "app", "node", "overall"), rows


def actions(record: Record) -> Table:
    """Each action: when, what, where, how it ended and how many lines came of its resources."""
    lines = record.records("resource_action")
    rows: list[Sequence[str]] = []
    for each in record.records("action"):
        counted = sum(_is_of(line, each) for line in lines)
        rows.append(
            (
                each["begin"].partition(".")[0],
                each["svcname"],
                each["action"],
                each["hostname"],
                each.get("status", "under way"),
                str(each.get("time", "-")).partition(".")[0],
                str(counted),
            )
        )
    return ("began", "service", "action", "node", "status", "took", "lines"), rows


def _is_of(line: Row, action: Row) -> bool:
    """Whether a line of a resource belongs to an action: by its id, or else by its time."""
    if IDENTITY in line and IDENTITY in action:
        return str(line[IDENTITY]).startswith(f"{action[IDENTITY]}/")
    names = ("svcname", "hostname")
    same = all(line[name] == action[name] for name in names)
    return same and action["begin"] <= line["begin"] <= action.get("end", "")


def disks(record: Record) -> Table:
    """Each disk, with the service and the node that told of it."""
    names = ("disk_id", "disk_svcname", "disk_nodename", "disk_size", "disk_vendor", "disk_model")
    rows: list[Sequence[str]] = [[str(each[name] or "-") for name in names] for each in record.records("disk")]
    return ("disk", "service", "node", "MB", "vendor", "model"), rows


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows in columns below their heading; `none` for no rows."""
    every = [tuple(heading), *(tuple(row) for row in rows)]
    if len(every) == 1:
        every.append(("none",))
    widths = [max(len(row[at]) if at < len(row) else 0 for row in every) for at in range(len(heading))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in every
    )
