"""The driver ``disk.zpool``: a ZFS pool, imported by one node of a service at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import ClassVar

from opensvc_core.api import (
    ActionError,
    Cancelled,
    Context,
    Device,
    InventoryItem,
    Keyword,
    Kind,
    OpenSVCError,
    Outcome,
    Phase,
    Resource,
    ResourceId,
    Status,
    StatusReport,
    Veto,
    hookimpl,
)
from opensvc_drivers_solaris.pool_export import Export
from opensvc_drivers_solaris.pool_import import Import
from opensvc_drivers_solaris.pool_inventory import devices_of, pool_items
from opensvc_drivers_solaris.pool_proof import Proof
from opensvc_drivers_solaris.pools import list_importable, read_report, read_reports, read_tree

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]*")
"""What ZFS takes as the name of a pool (zpool(8)), but for blanks."""
_RESERVED = re.compile(r"mirror.*|raidz.*|draid.*|spare.*|log|c[0-9].*")


class ZpoolDisk:
    """A ZFS pool."""

    api_version: ClassVar[int] = 1
    phase: ClassVar[Phase] = Phase.DISK
    commands: ClassVar[tuple[str, ...]] = ("zpool",)
    keywords: ClassVar[tuple[Keyword, ...]] = (
        Keyword("poolname", "Name of the pool.", required=True, aliases=("name",), example="vm188"),
        Keyword(
            "cachefile",
            "Where ZFS keeps which disks the pool has while it is imported; `none`, the default, keeps it nowhere. "
            "Never the system's own file: with that, a node imports the pool by itself when it boots.",
            default="none",
            example="/opt/opensvc/var/vm188.zpool.cache",
        ),
        Keyword(
            "devices",
            "Folders with the special files of the pool's disks (`zpool import -d`). Default: those of the system. On "
            "a node with many disks a folder of their own makes an import quick.",
            Kind.WORDS,
            default=(),
            example="/dev/dsk",
        ),
        Keyword(
            "force_export",
            "Whether a pool that is busy is exported by force (`zpool export -f`: its file systems are unmounted under "
            "who uses them) once `stop_timeout` is over.",
            Kind.BOOLEAN,
            default=False,
        ),
        Keyword(
            "start_timeout",
            "How long the import may take, with the tries for a pool that is not seen at once.",
            Kind.DURATION,
            default=180.0,
            example="5m",
        ),
        Keyword(
            "stop_timeout",
            "How long a stop tries to export a pool that something uses for a moment.",
            Kind.DURATION,
            default=60.0,
            example="2m",
        ),
    )

    @hookimpl
    def status(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, StatusReport]]:
        """State of all pools, from one ``zpool list`` that names them."""
        by_name: dict[str, list[ResourceId]] = {}
        for resource in resources:
            if problem := _problem(resource):
                yield resource.id, StatusReport.undef(problem, "bad_name")
            else:
                by_name.setdefault(resource.text("poolname"), []).append(resource.id)
        for name, report in read_reports(list(by_name), context):
            yield from ((resource_id, report) for resource_id in by_name[name])

    @hookimpl
    def preflight(self, resource: Resource, action: str, context: Context) -> Veto | None:
        """Before a start: no other system uses the pool, as far as its disks can be seen already."""
        if action != "start" or _problem(resource):
            return None
        report = context.statuses.get(resource.id) or read_report(resource.text("poolname"), context)
        if report.status is not Status.DOWN:
            return None
        name = resource.text("poolname")
        try:
            tree = list_importable(resource.words("devices"), context).get(name)
        except Cancelled:
            raise
        except OpenSVCError as error:
            # The import itself looks again, and ZFS refuses what is in use.
            context.note(f"whether another system uses {name} is seen at its import: {error.message}", "zpool")
            return None
        if tree is None or not tree.was_elsewhere:
            return None
        proof = _proof(resource, context)
        doubt = proof.doubt(tree.last_user)
        if not doubt:
            return None
        return Veto(
            "pool_in_use",
            f"{name} was not exported by who used it last: {doubt}",
            hint=proof.hint(name, tree.last_user),
            is_liftable=False,
        )

    @hookimpl
    def start(self, resource: Resource, context: Context) -> Outcome:
        """Import the pool, verified; by force only where this run has proved that nobody else uses it.

        Raises:
            ActionError: it is not usable here; ``pool_in_use`` names who may use it.
        """
        return Import(
            _name(resource),
            context,
            _proof(resource, context),
            cachefile=resource.text("cachefile"),
            folders=resource.words("devices"),
            timeout=resource.seconds("start_timeout"),
        ).make()

    @hookimpl
    def stop(self, resource: Resource, context: Context) -> Outcome:
        """Export the pool, verified. Raises ActionError with who keeps it busy, as far as zpool tells."""
        timeout, is_forced = resource.seconds("stop_timeout"), resource.flag("force_export")
        return Export(_name(resource), context, timeout, is_forced).make()

    @hookimpl
    def list_devices(self, resource: Resource, context: Context) -> Sequence[Device]:
        """The disks of the pool but idle spares. Raises ActionError if one is missing: half of them is not enough."""
        name = _name(resource)
        tree = read_tree(name, resource.words("devices"), context)
        return devices_of(tree)

    @hookimpl
    def inventory(self, resources: Sequence[Resource], context: Context) -> Iterator[InventoryItem]:
        """Size, free space and disks of pools."""
        return pool_items(resources, context, _problem)


def _problem(resource: Resource) -> str:
    name = resource.text("poolname")
    is_name = _NAME.fullmatch(name) and not _RESERVED.fullmatch(name)
    return "" if is_name else f"{name!r} cannot be the name of a pool"


def _name(resource: Resource) -> str:
    """The pool's name, safe as a word of a command line. Raises ActionError."""
    if problem := _problem(resource):
        raise ActionError(f"{resource.id}: {problem}", code="bad_name", hint="mend poolname")
    return resource.text("poolname")


def _proof(resource: Resource, context: Context) -> Proof:
    return Proof(
        context.node.name,
        context.service_of(resource).all_nodes,
        # The reservation stands in the graph before every disk: where it is asked for, it is held by now, or will be.
        bool(resource.options.get("scsireserv")),
        context.evidence.get(resource.id.service, ()),
    )
