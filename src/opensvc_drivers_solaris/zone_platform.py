"""Zones as guests: what the shared life cycle asks of a platform."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import evolve

from opensvc_core.api import (
    ActionError,
    Cancelled,
    CommandResult,
    Context,
    Device,
    GuestState,
    Host,
    InventoryItem,
    OpenSVCError,
    Resource,
    ResourceId,
    guest_name,
)
from opensvc_drivers_solaris.zlogin import ZoneGuest
from opensvc_drivers_solaris.zone_states import NOT_CONFIGURED, guest_state
from opensvc_drivers_solaris.zoneadm import Answer, attempt_change, change_zone, read_zone, read_zones
from opensvc_drivers_solaris.zonecfg import export_file, forbid_autoboot, is_autobooted, is_autobooted_by_file

SOFT_LIMIT = 30.0
"""Seconds that ``init 0`` may take to be taken: it returns at once, and the zone goes down afterwards."""
HALT_LIMIT = 120.0
"""Seconds for ``zoneadm halt``, which waits for the zone's processes and file systems."""


class ZonePlatform:
    """Does what a zone needs, through ``zoneadm``, ``zonecfg`` and ``zlogin``."""

    def list_states(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, GuestState]]:
        """One ``zoneadm list -cp`` for all; whether they boot by themselves comes from the files of Solaris."""
        by_name: dict[str, list[ResourceId]] = {}
        for resource in resources:
            by_name.setdefault(guest_name(resource), []).append(resource.id)
        for name, answer in read_zones(list(by_name), context):
            state = _state_of(answer)
            if state.is_known:
                state = evolve(state, is_autostarted=is_autobooted_by_file(name))
            yield from ((resource_id, state) for resource_id in by_name[name])

    def read_state(self, resource: Resource, context: Context, *, in_full: bool = False) -> GuestState:
        """One ``zoneadm -z NAME list -p``, in full with ``zonecfg info autoboot``. Raises Cancelled only."""
        name = guest_name(resource)
        try:
            state = _state_of(read_zone(name, context))
            if in_full and state.is_known:
                state = evolve(state, is_autostarted=is_autobooted(name, context))
        except Cancelled:
            raise
        except OpenSVCError as error:
            return _state_of(error)
        return state

    def define(self, resource: Resource, state: GuestState, context: Context) -> str:
        """Nothing: the companion has configured, attached and readied the zone. Raises ActionError if there is none."""
        del context
        if not state.is_known:
            raise not_configured(guest_name(resource))
        return ""

    def forbid_autostart(self, resource: Resource, context: Context) -> None:
        """``zonecfg -z NAME set autoboot=false``."""
        forbid_autoboot(guest_name(resource), context)

    def boot(self, resource: Resource, timeout: float, context: Context) -> CommandResult:
        """``zoneadm boot``. Of a zone that runs already it says so, and succeeds."""
        return change_zone(guest_name(resource), "boot", context=context, timeout=timeout)

    def stop_softly(self, resource: Resource, timeout: float, context: Context) -> CommandResult:
        """``init 0`` in the zone: Solaris 10 has no ``zoneadm shutdown``."""
        argv = ("zlogin", guest_name(resource), "/sbin/init", "0")
        return context.run(*argv, timeout=min(SOFT_LIMIT, timeout), check=False)

    def stop_by_force(self, resource: Resource, context: Context) -> CommandResult:
        """``zoneadm halt``."""
        return attempt_change(guest_name(resource), "halt", context=context, timeout=HALT_LIMIT)

    def list_devices(self, resource: Resource, context: Context) -> Sequence[Device]:
        """None: a zone lives on pools and file systems, which are resources of their own."""
        del resource, context
        return ()

    def list_files(self, resource: Resource, context: Context) -> Sequence[Path]:
        """The exported configuration, from which a peer configures the zone."""
        path = export_file(resource.id.service, guest_name(resource), context)
        return (path,) if path.exists() else ()

    def inventory(self, resources: Sequence[Resource], context: Context) -> Iterator[InventoryItem]:
        """The ``brand`` and ``zonepath`` of zones; processors and memory are the node's."""
        by_name: dict[str, list[ResourceId]] = {}
        for resource in resources:
            by_name.setdefault(guest_name(resource), []).append(resource.id)
        for name, answer in read_zones(list(by_name), context):
            if isinstance(answer, OpenSVCError):
                context.note_error(answer)
            if answer is None or isinstance(answer, OpenSVCError):
                continue
            for resource_id in by_name[name]:
                yield InventoryItem(resource_id, "brand", answer.brand or None)
                yield InventoryItem(resource_id, "zonepath", answer.path or None)
                yield InventoryItem(resource_id, "disks", ())

    def is_reached_by_network(self, resource: Resource) -> bool:
        """``zlogin`` needs no network."""
        del resource
        return False

    def open_guest(self, resource: Resource, context: Context) -> Host:
        """The zone, by ``zlogin``."""
        return ZoneGuest(context, guest_name(resource))


def not_configured(name: str) -> ActionError:
    """The error for a zone that this node has no configuration of."""
    return ActionError(
        f"no zone {name} is configured on this node, and no export of its configuration is here",
        code="not_configured",
        hint=f"on the node that has it: zonecfg -z {name} export -f FILE; here: zonecfg -z {name} -f FILE",
    )


def _state_of(answer: Answer) -> GuestState:
    if answer is None:
        return NOT_CONFIGURED
    if isinstance(answer, OpenSVCError):
        return GuestState.undef(answer.message, answer.code)
    return guest_state(answer)
