"""What ``zoneadm list`` prints (columns: illumos sources; those that Solaris 11.2 and later add are [R])."""

from __future__ import annotations

from opensvc_testkit.executables.solaris import zones

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.solaris.shapes import Zone

GLOBAL_BRANDS = {"10": "native", "illumos": "ipkg"}
"""Brand of the global zone by release, ``solaris`` elsewhere [R]."""


class Row:
    """One zone as the listing shows it."""

    __slots__ = ("brand", "ip_type", "name", "path", "state", "uuid", "zone_id")

    def __init__(self, zone: Zone, state: str) -> None:
        self.zone_id = "-" if zone["id"] is None else str(zone["id"])
        self.name = zone["name"]
        self.state = state
        self.path = zone["zonepath"]
        # A zone that was never installed has none.
        self.uuid = zone["uuid"]
        self.brand = zone["brand"]
        self.ip_type = zone["ip_type"]


def global_row(release: str) -> Row:
    """The row of the global zone."""
    zone = zones.new_zone(zones.GLOBAL)
    zone.update({"id": 0, "zonepath": "/", "brand": GLOBAL_BRANDS.get(release, "solaris")})
    return Row(zone, zones.RUNNING)


def parsable(row: Row, release: str) -> str:
    """One line of ``list -p``: 7 fields, 9 from Solaris 11.2 on, 11 in 11.4 [R]. A colon in the path is escaped."""
    words = [row.zone_id, row.name, row.state, row.path.replace(":", "\\:"), row.uuid, row.brand, row.ip_type]
    if release in ("11.2", "11.3", "11.4"):
        words += ["-" if row.zone_id in ("-", "0") else "W", "none"]
    if release == "11.4":
        words += ["", ""]
    return ":".join(words)


def table(rows: list[Row]) -> str:
    """``list -v``. The width of the first column is [R]."""
    lines = [_line(["ID", "NAME", "STATUS", "PATH", "BRAND", "IP"])]
    lines += [_line([row.zone_id, row.name, row.state, row.path, row.brand, row.ip_type]) for row in rows]
    return "".join(f"{line}\n" for line in lines)


def _line(words: list[str]) -> str:
    zone_id, name, state, path, brand, ip_type = words
    return f"{zone_id:>4} {name:<16} {state:<10} {path:<30} {brand:<8} {ip_type:<6}"
