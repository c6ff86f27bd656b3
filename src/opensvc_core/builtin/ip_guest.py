"""``ip.guest``: an address that the guest itself plumbs; the agent checks it and never sets it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from opensvc_core.api import (
    ActionError,
    Cancelled,
    InventoryItem,
    Keyword,
    Kind,
    Outcome,
    Phase,
    Resource,
    ResourceId,
    Severity,
    Status,
    StatusReport,
    Veto,
    WaitTimeout,
    hookimpl,
)
from opensvc_core.builtin.parse_addresses import interfaces_with, is_same_device, parse_addresses
from opensvc_core.container_platform import is_guest_running
from opensvc_core.fanout import side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opensvc_core.api import Context

    Table = Mapping[str, frozenset[str]]

ANSWER_LIMIT = 1.0
"""Seconds after which an address counts as silent."""
SHELL_LIMIT = 10.0
"""Seconds for the question to the guest which addresses it has."""
GUESTS_AT_ONCE = 16
"""Guests that are asked side by side: each costs this node one ssh."""
LIST_ADDRESSES = 'ip -j addr show 2>/dev/null || ip addr show 2>/dev/null || ifconfig -a 2>/dev/null || ifconfig "$1"'
"""Run in the guest: what iproute2, busybox, the BSDs, SunOS and HP-UX each understand first; ``$1`` is ``ipdev``."""


class GuestAddress:
    """An address of the guest: up when it answers ping and, where the guest can be asked, lies on ``ipdev`` in it."""

    keywords: ClassVar[tuple[Keyword, ...]] = (
        Keyword("ipname", "Name or address to check.", required=True, example="vm188"),
        Keyword(
            "ipdev",
            "Interface of the guest that must bear the address. Without it, only ping is asked.",
            example="lan0",
        ),
        Keyword("netmask", "Kept for service files of 2010: it is the guest that sets its netmask.", example="24"),
        Keyword(
            "start_timeout",
            "Time that the address has to answer ping after its guest was started.",
            Kind.DURATION,
            60.0,
            example="2m",
        ),
    )
    phase: ClassVar[Phase] = Phase.GUEST_ADDRESS
    api_version: ClassVar[int] = 1

    @hookimpl
    def status(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, StatusReport]]:
        """All addresses are pinged at once; then each guest whose address answers is asked once, side by side."""
        asked: list[Resource] = []
        for resource in resources:
            early = _without_asking(resource, context)
            if early is None:
                asked.append(resource)
            else:
                yield resource.id, early
        pings = context.network.ping_all([resource.text("ipname") for resource in asked], ANSWER_LIMIT)
        looked_into: dict[ResourceId, list[Resource]] = {}
        for resource in asked:
            report = _from_ping(resource, pings[resource.text("ipname")], context)
            if report.status is Status.UP and resource.text("ipdev") and _is_running(resource, context):
                looked_into.setdefault(context.container_of(resource).id, []).append(resource)
            else:
                yield resource.id, report
        for group, table in side_by_side(
            tuple(looked_into.values()), lambda group: _read_table(group[0], context), GUESTS_AT_ONCE
        ):
            for resource in group:
                yield resource.id, _from_table(resource, table, context)

    @hookimpl
    def inventory(self, resources: Sequence[Resource], context: Context) -> Iterator[InventoryItem]:
        """The addresses as their names resolve, side by side, and the interfaces of the guests; nothing is pinged."""
        names = tuple(dict.fromkeys(resource.text("ipname") for resource in resources))
        addresses = dict(side_by_side(names, context.network.resolve, GUESTS_AT_ONCE))
        for resource in resources:
            yield InventoryItem(resource.id, "interface", resource.text("ipdev") or None)
            found = addresses[resource.text("ipname")]
            if isinstance(found, Exception) or not found:
                text = f"{resource.text('ipname')} does not resolve"
                context.note(text, "unresolvable", Severity.WARNING)
            else:
                yield InventoryItem(resource.id, "addresses", found[:1])

    @hookimpl
    def preflight(self, resource: Resource, action: str, context: Context) -> Veto | None:
        """While the guest is down nobody may answer for its address: it would be there twice."""
        if action != "start" or not resource.container:
            return None
        report = context.statuses.get(context.container_of(resource).id)
        if report is None or not report.status.is_down:
            return None
        name = resource.text("ipname")
        try:
            addresses = context.network.resolve(name)
            if not addresses:
                return _unknown(resource, f"the name {name} has no address", "write it into etc/hosts, or into DNS")
            answers = context.network.ping_all(addresses, ANSWER_LIMIT)
        except Cancelled:
            raise
        except ActionError as error:
            return _unknown(resource, error.message, error.hint)
        for address, answer in answers.items():
            if answer is True:
                return Veto(
                    "duplicate_address",
                    f"{_spelt(name, address)} answers ping while its guest is down here: {_owner(address, context)}",
                    subject=str(resource.id),
                    hint="find that machine; started now, the guest would take its address",
                )
        errors = [answer for answer in answers.values() if isinstance(answer, ActionError)]
        return _unknown(resource, errors[0].message, errors[0].hint) if errors else None

    @hookimpl
    def start(self, resource: Resource, context: Context) -> Outcome:
        """Wait until the address answers: the guest itself brings it up.

        Raises:
            WaitTimeout: it did not within ``start_timeout``.
        """
        name = resource.text("ipname")
        reasons: list[str] = []

        def is_answering() -> bool:
            try:
                return context.network.ping(name, ANSWER_LIMIT)
            except Cancelled:
                raise
            except ActionError as error:
                # The guest may be what serves its own name, or the route to it.
                reasons.append(error.message)
                return False

        try:
            context.wait_until(is_answering, f"{name} to answer ping", resource.seconds("start_timeout"))
        except WaitTimeout as error:
            reason = f" ({reasons[-1]})" if reasons else ""
            raise WaitTimeout(
                f"{error.message}{reason}", hint="look at the guest's console: did it boot, is its network up?"
            ) from error
        return Outcome.unchanged(f"{name} answers ping")

    @hookimpl
    def stop(self) -> Outcome:
        """Nothing to do: the address goes with its guest."""
        return Outcome.unchanged("the address goes with its guest")


def _without_asking(resource: Resource, context: Context) -> StatusReport | None:
    """The report that needs no ping, None for the others."""
    if not resource.container:
        return StatusReport.undef("it lives in no guest: the service has no container", "no_container")
    container = context.container_of(resource).id
    report = context.statuses.get(container)
    if report is None:
        return StatusReport.undef(f"{container.rid} was not asked", "container_undef")
    if report.status is Status.UNDEF:
        return StatusReport.undef(f"cannot tell whether {container.rid} is up", "container_undef")
    return None


def _is_running(resource: Resource, context: Context) -> bool:
    return is_guest_running(context.statuses[context.container_of(resource).id])


def _from_ping(resource: Resource, answer: bool | ActionError, context: Context) -> StatusReport:  # noqa: FBT001
    """What ping and the container's status say together; up may still have to be looked into."""
    name = resource.text("ipname")
    container = context.container_of(resource).id
    status = context.statuses[container].status
    if isinstance(answer, ActionError):
        if status.is_down:
            return StatusReport(Status.DOWN).with_note(f"whether somebody else has it is unknown: {answer.message}")
        return StatusReport.undef(answer.message, answer.code)
    if status.is_down and answer:
        return StatusReport.warn(
            f"{name} answers ping while {container.rid} is down: {_owner(name, context)}", "duplicate_address"
        )
    if not answer:
        report = StatusReport(Status.DOWN)
        return report if status.is_down else report.with_note(f"{name} does not answer ping", "no_answer")
    if status is Status.NA or _is_running(resource, context):
        return StatusReport(Status.UP)
    return StatusReport.warn(f"{name} answers ping while {container.rid} is {status.value}", "container_not_up")


def _read_table(resource: Resource, context: Context) -> Table | None:
    """Which addresses the guest has; None for a guest that has no shell by its configuration."""
    try:
        guest = context.guest(resource)
    except ActionError as error:
        if error.code == "no_shell":
            return None
        raise
    said = guest.query(
        "sh", "-c", LIST_ADDRESSES, "sh", resource.text("ipdev"), timeout=SHELL_LIMIT, check=False
    ).stdout
    table = parse_addresses(said)
    if table is None:
        raise ActionError("neither `ip` nor `ifconfig` of the guest told its addresses", code="guest_addresses")
    return table


def _from_table(resource: Resource, table: Table | Exception | None, context: Context) -> StatusReport:
    """What the guest says of an address that answers ping."""
    name, device = resource.text("ipname"), resource.text("ipdev")
    if table is None:
        return StatusReport(Status.UP)
    if isinstance(table, Exception):
        # Something answers, and most likely it is the guest: but whether is what cannot be told.
        return StatusReport.warn(
            f"{name} answers ping; whether it lies on {device} of the guest is unknown: {table}", "plumbing_unknown"
        )
    try:
        addresses = context.network.resolve(name)
    except ActionError as error:
        return StatusReport.warn(f"{name} answered ping, and now {error.message}", error.code)
    bearers = [interface for address in addresses for interface in interfaces_with(address, table)]
    if any(is_same_device(interface, device) for interface in bearers):
        return StatusReport(Status.UP)
    if bearers:
        return StatusReport.warn(f"{name} lies on {', '.join(bearers)} of the guest, not on {device}", "wrong_device")
    return StatusReport.warn(
        f"{name} answers ping, but is not an address of the guest: {_owner(name, context)}", "duplicate_address"
    )


def _owner(address: str, context: Context) -> str:
    mac = context.network.neighbour(address)
    return f"{mac} has it" if mac else "who has it is not known (not on a network of this node, or the node itself)"


def _spelt(name: str, address: str) -> str:
    return name if name == address else f"{name} ({address})"


def _unknown(resource: Resource, reason: str, hint: str) -> Veto:
    return Veto(
        "address_unknown",
        f"cannot tell whether another machine has the address of the guest: {reason}",
        subject=str(resource.id),
        hint=hint,
    )
