"""The plan of a live migration: which node does what, and what must have ended well before. Pure.

The disks are never without a holder, nobody writes metadata while both nodes use them but the node that holds them, and
the guest moves only between the destination's joining and the source's leaving.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from opensvc_core.model import Phase, Resource, Veto
from opensvc_core.plan import Plan, Step, step_id

if TYPE_CHECKING:
    from opensvc_core.graph import ServiceGraph

Abilities = Mapping[str, frozenset[str]]
"""By driver id, the hooks of a migration that it has."""

INSTEAD = "move it with a stop: osvc migrate --or-restart, or osvc switch"
BINDS = {
    Phase.FILESYSTEM: ("mounted_on_node", "is mounted on the node under the guest, and no two nodes may mount it"),
    Phase.READY: ("not_migratable", "is a part of this node that the guest stands on"),
    Phase.ADDRESS: ("host_address", "is an address of the node, and would not follow the guest"),
}
"""What ties a guest to its node: code and reason of the veto."""
VETO_CODES = {
    "not_migratable": "The platform cannot move a running guest, or the service has none, or several.",
    "mounted_on_node": "A file system that is mounted on the node lies under the guest.",
    "host_address": "An address of the node belongs to the service.",
    "runs_on_node": "An application of the service runs on the node, beside the guest.",
    "disk_not_shared": "Nothing says that a disk under the guest is one and the same on both nodes.",
    "differs_there": "The destination has another service file than the source.",
    "not_shareable": "A volume group has thin pools, snapshots, mirrors or caches: two nodes cannot have it active.",
    "guest_not_up": "The guest does not run on this node.",
}
"""What may forbid a migration; nothing lifts these, and ``--or-restart`` moves the service with a stop instead."""


@frozen
class Ends:
    """The two nodes of a migration, and the service's graph as each of them has it.

    Attributes:
        source: the node where the guest runs.
        destination: where it goes.
        here: the source's graph.
        there: the destination's graph.
        abilities: what the drivers of the service can do.
        driver: the one of both that drives the run: the source, but for a recovery.
    """

    source: str
    destination: str
    here: ServiceGraph
    there: ServiceGraph
    abilities: Abilities
    driver: str

    def can(self, resource: Resource, hook: str) -> bool:
        """Whether the driver of a resource has a hook."""
        return hook in self.abilities.get(resource.driver, frozenset())

    @property
    def guests(self) -> tuple[Resource, ...]:
        """Containers of the service."""
        return self._of(Phase.CONTAINER)

    @property
    def disks(self) -> tuple[Resource, ...]:
        """Disks under the guest, in the order of a start."""
        return self._of(Phase.DISK)

    @property
    def reservations(self) -> tuple[Resource, ...]:
        """Reservations of the disks under the guest."""
        return self._of(Phase.RESERVATION)

    def _of(self, phase: Phase) -> tuple[Resource, ...]:
        return tuple(r for r in self.here.resources if r.phase is phase and not r.is_disabled and not r.is_postboot)


def migration_vetoes(ends: Ends) -> tuple[Veto, ...]:
    """Why a service cannot be migrated, whatever the state of its nodes; empty if it can."""
    service, guests = ends.here.service.name, ends.guests
    if len(guests) != 1:
        what = "no guest" if not guests else f"{len(guests)} guests, of which each would move alone"
        return (Veto("not_migratable", f"{service} has {what}", service, INSTEAD, is_liftable=False),)
    guest = guests[0]
    vetoes = []
    if not ends.can(guest, "migrate"):
        text = f"{guest.driver} cannot move a running guest"
        vetoes.append(Veto("not_migratable", text, str(guest.id), INSTEAD, is_liftable=False))
    vetoes += [veto for each in ends.here.resources if each.id != guest.id and (veto := _binding(each, ends))]
    there = {each.id: each for each in ends.there.resources}
    for each in (*ends.reservations, *ends.disks, guest):
        twin = there.get(each.id)
        if twin is None or twin.driver != each.driver or twin.is_disabled:
            text = f"{ends.destination} does not have it as {ends.source} has it: {each.driver}"
            hint = f"compare the files: osvc config diff {service} --node {ends.destination}"
            vetoes.append(Veto("differs_there", text, str(each.id), hint, is_liftable=False))
    return tuple(vetoes)


def _binding(resource: Resource, ends: Ends) -> Veto | None:
    """Why a resource beside the guest keeps it from moving."""
    code, reason = "", ""
    if resource.phase is Phase.REPLICATION or (resource.is_disabled and resource.phase not in _UNDER):
        return None
    if resource.is_disabled:
        code, reason = "disk_not_shared", "is disabled, and nobody hands it over"
    elif resource.is_postboot:
        code, reason = "mounted_on_node", "is brought up by the node inside the guest"
    elif resource.phase in BINDS:
        code, reason = BINDS[resource.phase]
    elif resource.phase in _UNDER and not (ends.can(resource, "join") and ends.can(resource, "leave")):
        code, reason = "disk_not_shared", f"cannot be used by two nodes: {resource.driver} has no way to hand it over"
    elif resource.phase > Phase.CONTAINER and not resource.container:
        code, reason = "runs_on_node", "runs on the node beside the guest, and would not follow it"
    if not code:
        return None
    return Veto(code, f"{resource.rid} {reason}", str(resource.id), INSTEAD, is_liftable=False)


_UNDER = frozenset({Phase.RESERVATION, Phase.DISK})


@frozen
class _Drawing:
    """Draws the steps of one migration."""

    ends: Ends

    def here(self, action: str, resource: Resource, *after: Iterable[Step]) -> list[Step]:
        """A step at the source, if the driver has it."""
        return self._step(action, resource, self.ends.source, after)

    def there(self, action: str, resource: Resource, *after: Iterable[Step]) -> list[Step]:
        """A step at the destination, about the resource as that has it, if the driver has it."""
        twin = next((each for each in self.ends.there.resources if each.id == resource.id), resource)
        return self._step(action, twin, self.ends.destination, after)

    def _step(self, action: str, resource: Resource, node: str, after: Iterable[Iterable[Step]]) -> list[Step]:
        ends = self.ends
        if action != "stop" and not ends.can(resource, action):
            return []
        is_elsewhere = node != ends.driver
        requires = tuple(dict.fromkeys(step.id for steps in after for step in steps))
        name = step_id(action, resource.id, node if is_elsewhere else "")
        return [Step(name, action, resource, node, requires, is_elsewhere)]

    def before(self) -> list[Step]:
        """Until both nodes can use the disks."""
        ends, guest = self.ends, self.ends.guests[0]
        registered = [step for each in ends.reservations for step in self.there("join", each)]
        admitted = [step for each in (guest, *ends.disks) for step in self.here("admit", each, registered)]
        joined: list[Step] = []
        for each in ends.disks:
            needed = self._standing(each, joined)
            joined += self.there("join", each, registered, admitted, needed)
        return [*registered, *admitted, *joined, *self.there("join", guest, registered, admitted, joined)]

    def after(self, moved: Iterable[Step]) -> list[Step]:
        """From the arrival of the guest until the source has nothing left."""
        ends, moved = self.ends, tuple(moved)
        arrived = self.there("settle", ends.guests[0], moved)
        left: list[Step] = []
        for each in reversed(ends.disks):
            users = [step for step in left if each.id in ends.here.requirements(step.resource.id)]
            left += self.here("leave", each, moved, arrived, users)
        held = [step for each in ends.reservations for step in self.there("settle", each, arrived, left)]
        owned = [step for each in ends.disks for step in self.there("settle", each, arrived, left, held)]
        last = [step for each in ends.reservations for step in self.here("leave", each, held, owned)]
        return [*arrived, *left, *held, *owned, *last]

    def back(self) -> list[Step]:
        """From a guest that stays until the destination has nothing left."""
        ends, guest = self.ends, self.ends.guests[0]
        stays = self.here("stay", guest)
        off = self.there("leave", guest, stays)
        left: list[Step] = []
        for each in reversed(ends.disks):
            users = [step for step in left if each.id in ends.here.requirements(step.resource.id)]
            left += self.there("leave", each, stays, off, users)
        gone = [step for each in ends.reservations for step in self.there("leave", each, off, left)]
        # The destination cannot unregister what it registered before it lost its power: the holder does.
        held = [step for each in ends.reservations for step in self.here("settle", each, off, left, gone)]
        settled = [step for each in (*ends.disks, guest) for step in self.here("settle", each, off, left, gone, held)]
        return [*stays, *off, *left, *gone, *held, *settled]

    def _standing(self, resource: Resource, steps: Iterable[Step]) -> list[Step]:
        under = self.ends.here.requirements(resource.id)
        return [step for step in steps if step.resource.id in under]


def plan_migration(ends: Ends) -> Plan:
    """The steps that bring a running guest from one node to another.

    Reservations are joined at the destination, disks are admitted by the source and joined, the guest moves and is
    verified at both nodes, the source leaves the disks, the destination takes the reservations over and settles the
    disks. For graphs without a veto of ``migration_vetoes``.
    """
    drawing = _Drawing(ends)
    before = drawing.before()
    moved = drawing.here("migrate", ends.guests[0], before[-1:])
    return _plan("migrate", ends, [*before, *moved, *drawing.after(moved)])


def plan_finish(ends: Ends, *, has_remains: bool = False) -> Plan:
    """What is left of a migration whose guest was seen running at the destination, and not at the source.

    Args:
        ends: of the migration.
        has_remains: whether the platform still keeps the paused guest at the source: that is ended first.
    """
    drawing = _Drawing(ends)
    ended = drawing.here("stop", ends.guests[0]) if has_remains else []
    return _plan("recover", ends, [*ended, *drawing.after(ended)])


def plan_undo(ends: Ends) -> Plan:
    """What takes a migration back whose guest was seen at the source, and not running at the destination."""
    return _plan("recover", ends, _Drawing(ends).back())


def _plan(action: str, ends: Ends, steps: Iterable[Step]) -> Plan:
    name = ends.here.service.name
    graphs = {ends.source: ends.here, ends.destination: ends.there}
    other = ends.destination if ends.driver == ends.source else ends.source
    return Plan(
        action,
        (graphs[ends.driver].service,),
        {name: graphs[ends.driver]},
        tuple(steps),
        elsewhere={(other, name): graphs[other]},
        # At a recovery it may be up at both: it is asked where before this plan is made, under the locks.
        may_be_up=frozenset({ends.source, ends.destination} if action == "recover" else {ends.source}),
    )


def together(plans: Sequence[Plan]) -> Plan:
    """Several plans of one action as one."""
    first = plans[0]
    return evolve(
        first,
        services=tuple(service for plan in plans for service in plan.services),
        graphs={name: graph for plan in plans for name, graph in plan.graphs.items()},
        steps=tuple(step for plan in plans for step in plan.steps),
        elsewhere={key: graph for plan in plans for key, graph in plan.elsewhere.items()},
    )
