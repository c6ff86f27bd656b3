"""What ``zoneadm list -p`` prints: one zone a line, fields between colons (zoneadm.c of illumos; zoneadm(8)). Pure."""

from __future__ import annotations

from attrs import evolve, field, frozen

from opensvc_drivers_solaris.words import whole_lines

FIELDS = 7
"""zoneid, name, state, zonepath, uuid, brand, ip-type; Solaris 11.2 and later append more [R]: passed over."""
GLOBAL = "global"
"""The zone that is the node itself: every list that is asked in it begins with it."""

TOLD_TWICE = "told twice"
"""State of a zone that a list tells of twice."""


@frozen
class Zone:
    """One zone as the node knows it.

    Attributes:
        name: of the zone.
        state: in zoneadm's word.
        path: zonepath.
        brand: ``solaris``, ``ipkg``, ``native``, ``lx``, ...
        ip_type: ``shared`` or ``excl``.
        id: number of a zone that is ready or running, ``-`` for others.
    """

    name: str
    state: str
    path: str
    brand: str
    ip_type: str
    id: str = "-"

    @property
    def has_own_network(self) -> bool:
        """Whether it has interfaces of its own: the node then plumbs nothing in it."""
        return self.ip_type.startswith("excl")


@frozen
class ZoneList:
    """What one ``zoneadm list`` told.

    Attributes:
        zones: by name.
        trouble: why this is not all that there is, empty if it was understood to its end.
    """

    zones: dict[str, Zone] = field(factory=dict, hash=False)
    trouble: str = ""


def split_fields(line: str) -> list[str]:
    r"""The fields of a line; a colon that belongs to a field is ``\:``."""
    fields = [""]
    position = 0
    while position < len(line):
        if line.startswith("\\:", position):
            fields[-1] += ":"
            position += 2
            continue
        if line[position] == ":":
            fields.append("")
        else:
            fields[-1] += line[position]
        position += 1
    return fields


def parse_zones(text: str, *, is_of_node: bool = True) -> ZoneList:
    """Read a list of zones; what is not understood is told as trouble, and what was read is kept.

    Args:
        text: standard output of ``zoneadm list -cp``, or of ``zoneadm -z NAME list -p``.
        is_of_node: whether all zones of the node were asked for: then the global zone must be among them.
    """
    zones: dict[str, Zone] = {}
    lines, trouble = whole_lines(text)
    for line in lines:
        fields = split_fields(line)
        if len(fields) < FIELDS or not fields[1] or not fields[2]:
            trouble = trouble or f"a line is not understood: {line.strip()[:80]!r}"
            continue
        zone = Zone(fields[1], fields[2], fields[3], fields[5], fields[6], fields[0])
        if zone.name in zones:
            # No state that is known: neither of the two is believed.
            zone = evolve(zone, state=TOLD_TWICE)
            trouble = trouble or f"it tells of {zone.name} twice"
        zones[zone.name] = zone
    if is_of_node and GLOBAL not in zones:
        trouble = trouble or "it does not tell of the global zone"
    return ZoneList(zones, trouble)


def is_unknown_zone(stderr: str) -> bool:
    """Whether ``zoneadm`` or ``zonecfg`` says that there is no zone of the name it was asked for."""
    return "No such zone configured" in stderr
