"""Words and cells that every way of printing shares: flags, columns of `svcmon`, times. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.model import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.model import Resource
    from opensvc_core.standing import NodeWord, Standing
    from opensvc_core.status import ServiceStatus

COLUMNS = ("SERVICE", "TYPE", "MODE", "CONT", "IP", "DISK", "FS", "APP", "SYNC", "AVAIL", "OVER", "FRZ")
"""The columns of ``svcmon`` (agent 2010), and ``avail`` of 2013; narrow, so that 80 columns hold them."""

CELLS = {
    Status.UP: "up",
    Status.DOWN: "down",
    Status.WARN: "warn",
    Status.NA: "n/a",
    Status.UNDEF: "undef",
    Status.STDBY_UP: "s.up",
    Status.STDBY_DOWN: "s.dn",
}
"""A status in a narrow cell: ``s.`` stands for standby."""

STATUS_EXIT = {
    Status.UP: 0,
    Status.DOWN: 1,
    Status.WARN: 2,
    Status.NA: 3,
    Status.UNDEF: 5,
    Status.STDBY_UP: 6,
    Status.STDBY_DOWN: 7,
}
"""Exit status of ``svcmgr status`` (agent 2010; 4 was ``todo``)."""


def printable(text: str, keep: str = "") -> str:
    """Text of a platform's tool with a blank for each character that could steer a terminal, but those to keep."""
    return "".join(char if char.isprintable() or char in keep else " " for char in text)


def flags(resource: Resource) -> str:
    """Five characters, ``.`` where one is not set: M monitored, D disabled, O optional, E encapsulated, S standby.

    Nothing is monitored or encapsulated yet; their places are kept.
    """
    return "".join(
        (
            ".",
            "D" if resource.is_disabled else ".",
            "O" if resource.is_optional else ".",
            ".",
            "S" if resource.is_standby else ".",
        )
    )


def mode_of(status: ServiceStatus) -> str:
    """What kind of container a service has: the type of its container drivers, ``hosted`` without one (agent 2010)."""
    drivers = [r.driver.partition(".")[2] for r in status.service.resources if r.id.group == "container"]
    return ",".join(dict.fromkeys(drivers)) or "hosted"


def mon_cells(status: ServiceStatus) -> list[Status | str]:
    """One row of ``osvc mon``, in the order of ``COLUMNS``."""
    groups = status.groups
    return [
        status.service.name,
        str(status.service.options.get("service_type") or ""),
        mode_of(status),
        *(groups.get(name, Status.NA) for name in ("container", "ip", "disk", "fs", "app", "sync")),
        status.avail,
        status.overall,
        hold_of(status),
    ]


def hold_of(state: ServiceStatus | Standing) -> str:
    """What keeps a service from actions on a node: ``node``, frozen as a whole, ``yes``, frozen itself, ``drain``."""
    if state.is_node_frozen:
        return "node"
    if state.is_frozen:
        return "yes"
    return "drain" if state.is_drained else ""


@frozen
class Other:
    """One service on another node, as it is shown.

    Attributes:
        node: its name.
        is_drp: whether it is a disaster-recovery node of the service.
        is_current: whether it said so now.
        standing: what it said now or last; all unknown if it was never heard.
    """

    node: str
    is_drp: bool
    is_current: bool
    standing: Standing

    @property
    def is_known(self) -> bool:
        """Whether it ever said how the service stands."""
        return bool(self.standing.at) and not self.standing.problem


def others_of(status: ServiceStatus, words: Mapping[str, NodeWord]) -> list[Other]:
    """A service on the other nodes, in the order of its file."""
    from opensvc_core.standing import Standing

    service = status.service
    return [
        Other(
            node,
            node not in service.nodes,
            words[node].is_current,
            words[node].services.get(service.name, Standing()),
        )
        for node in service.all_nodes
        if node in words
    ]


def other_cells(other: Other) -> list[Status | str]:
    """A row of ``osvc mon`` for another node, below its service's; in brackets what is not of now."""
    standing = other.standing
    is_old = other.is_known and not other.is_current
    both = [f"({CELLS[each]})" if is_old else each for each in (standing.avail, standing.overall)]
    kind = "drp" if other.is_drp else ""
    return [f" @{other.node}", "", kind, "", "", "", "", "", "", *both, hold_of(standing)]


def silence_line(word: NodeWord, now: float) -> str:
    """Why another node did not answer, and how old is what is shown of it; empty if it did."""
    if word.is_current:
        return ""
    last = f"in brackets what it said {duration(max(0.0, now - word.at))} ago" if word.at else "it was never heard"
    return f"{word.problem}; {last}" if word.node in word.problem else f"{word.node}: {word.problem}; {last}"


def local_time(at: float) -> str:
    """Seconds since the epoch as date and time of this node; empty for 0."""
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else ""


def clock_time(at: float) -> str:
    """Seconds since the epoch as time of day of this node."""
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")


def as_written(value: object) -> str:
    """A value of a keyword as one would write it in a service file: ``true``, ``90``, ``node1 node2``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


def duration(seconds: float) -> str:
    """Seconds for people: ``0.3 s``, ``12 s``, ``2 min 5 s``, ``3 h 4 min``, ``9 days``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{int(seconds) // 60} min {int(seconds) % 60} s"
    hours, minutes = divmod(int(seconds) // 60, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} days"
