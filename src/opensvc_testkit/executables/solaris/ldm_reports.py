"""What ``ldm list`` and its kin print (``-p``: captured by others; fields of a domain that is off, tables: [R])."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import Power
    from opensvc_testkit.executables.solaris.shapes import LogicalDomain, VirtualDisks, Volume

PRIMARY = "primary"
INACTIVE, BOUND, ACTIVE = "inactive", "bound", "active"
GIB, MIB = 1 << 30, 1 << 20
OFF_FLAGS, NORMAL_FLAGS, CONTROL_FLAGS, TRANSITION_FLAGS = "------", "-n----", "-n-cv-", "-t----"
HEADER = "NAME             STATE      FLAGS   CONS    VCPU  MEMORY   UTIL  NORM  UPTIME"


class Row:
    """One domain as a listing shows it."""

    __slots__ = ("console", "cpus", "flags", "memory", "name", "state", "uptime", "util")

    def __init__(self, domain: LogicalDomain, state: str, power: Power | None, now: float) -> None:
        self.name = domain["name"]
        self.state = state
        self.cpus = domain["cpus"]
        self.memory = domain["memory"]
        self.console = "" if state == INACTIVE else str(domain["console"])
        self.uptime = str(int(now - domain["started_at"])) if state == ACTIVE else ""
        self.util = "1.2" if state == ACTIVE else ""
        if state != ACTIVE:
            self.flags = OFF_FLAGS
        else:
            # In transition until its system runs: starting, stopping, or at the firmware's prompt.
            at = power["answers_at"] if power else None
            is_up = power is not None and power["off_at"] is None and at is not None and at <= now
            self.flags = NORMAL_FLAGS if is_up else TRANSITION_FLAGS

    def parsable(self) -> str:
        """A line of ``list -p``."""
        return (
            f"DOMAIN|name={self.name}|state={self.state}|flags={self.flags}|cons={self.console}|ncpu={self.cpus}"
            f"|mem={self.memory}|util={self.util}|uptime={self.uptime}|norm_util={self.util}"
        )

    def line(self) -> str:
        """A line of ``list``."""
        memory = f"{self.memory // GIB}G" if self.memory % GIB == 0 else f"{self.memory // MIB}M"
        util = f"{self.util}%" if self.util else ""
        days = f"{int(self.uptime) // 60}m" if self.uptime else ""
        return (
            f"{self.name:<16} {self.state:<10} {self.flags:<7} {self.console:<7} {self.cpus:<5} {memory:<8} {util:<5}"
            f" {util:<5} {days}"
        ).rstrip()


def control_row() -> Row:
    """The control domain, on which ``ldm`` runs."""
    domain: LogicalDomain = {
        "name": PRIMARY,
        "state": ACTIVE,
        "cpus": 5,
        "memory": 8 * GIB,
        "console": 0,
        "disks": [],
        "variables": {},
        "started_at": 0.0,
    }
    row = Row(domain, ACTIVE, None, 4772570.0)
    row.flags, row.console, row.util = CONTROL_FLAGS, "UART", "0.4"
    return row


def disk_lines(domain: LogicalDomain) -> list[str]:
    """Lines of ``list -o disk -p`` about one domain."""
    lines = [f"DOMAIN|name={domain['name']}"]
    lines += [
        f"VDISK|name={disk['name']}|vol={disk['volume']}|timeout=|dev=disk@{disk['number']}|server={PRIMARY}|mpgroup="
        f"|id={disk['number']}"
        for disk in domain["disks"]
    ]
    return lines


def service_lines(manager: VirtualDisks) -> list[str]:
    """Lines of ``list-services -p``."""
    lines = [
        "VCC|name=primary-vcc0|port-range=5000,5100",
        "VSW|name=primary-vsw0|mac-addr=00:14:4f:fb:00:01|net-dev=net0|dev=switch@0|default-vlan-id=1|pvid=1|vid=",
    ]
    for name, volumes in manager["services"].items():
        lines.append(f"VDS|name={name}")
        lines += [_volume(volume) for volume in volumes]
    return lines


def _volume(volume: Volume) -> str:
    return f"|vol={volume['name']}|opts={volume['options']}|dev={volume['device']}|mpgroup="
