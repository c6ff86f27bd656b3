"""SCSI-3 persistent reservations, the algorithm: all units or none, read first, read back, winners and losers.

Under Write Exclusive, Registrants Only *registering is what grants write access*. Hence the order: look before
registering, give the registration up before reporting a loss, and as winner remove every other registrant before the
first disk step (SPC-4 5.9; facts of the tools in the backends).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from attrs import frozen

from opensvc_core.errors import OpenSVCError, ReservationError
from opensvc_core.fanout import side_by_side
from opensvc_core.model import (
    Device,
    LogicalUnit,
    Note,
    Registrations,
    Reservation,
    Severity,
    Status,
    StatusReport,
    Veto,
)
from opensvc_core.prkey import format_key

if TYPE_CHECKING:
    from opensvc_core.context import Context
    from opensvc_core.model import Resource

WRITE_EXCLUSIVE_REGISTRANTS_ONLY = 5
UNIT_ATTENTION_TRIES = 10
"""A unit attention is news for a nexus, told once each: more than this many in a row is a defect of the device."""
UNIT_ATTENTION_PAUSE = 0.05
SIDE_BY_SIDE = 64
"""Units that are asked at once."""


class Backends(Protocol):
    """The installed backends behind one door: each unit's calls go to the backend that claimed it."""

    @property
    def names(self) -> tuple[str, ...]:
        """Installed backends."""
        ...

    def identify(
        self, devices: Sequence[Device], context: Context
    ) -> Iterable[tuple[Device, LogicalUnit | ReservationError]]:
        """Units of devices; an error for one that no backend claims or that cannot be reserved."""
        ...

    def read_registrations(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterable[tuple[LogicalUnit, Registrations | ReservationError]]:
        """Registered keys."""
        ...

    def read_holder(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterable[tuple[LogicalUnit, Reservation | ReservationError]]:
        """Reservations."""
        ...

    def change(self, primitive: str, unit: LogicalUnit, context: Context, **keys: int) -> None:
        """``register``, ``unregister``, ``reserve``, ``release``, ``preempt`` or ``clear``. Raises ReservationError."""
        ...


class NoBackends:
    """No backend is installed."""

    names: tuple[str, ...] = ()

    def identify(
        self, devices: Sequence[Device], context: Context
    ) -> Iterable[tuple[Device, LogicalUnit | ReservationError]]:
        """An error for each."""
        del context
        error = ReservationError("no reservation backend is installed", code="not_supported")
        return [(device, error) for device in devices]

    def read_registrations(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterable[tuple[LogicalUnit, Registrations | ReservationError]]:
        """There are no units."""
        del units, context
        return []

    def read_holder(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterable[tuple[LogicalUnit, Reservation | ReservationError]]:
        """There are no units."""
        del units, context
        return []

    def change(self, primitive: str, unit: LogicalUnit, context: Context, **keys: int) -> None:
        """Nothing can be changed."""
        del context, keys
        raise ReservationError(f"{unit.device.path}: {primitive}: no reservation backend is installed", code="failed")


NO_REGISTRATIONS = Registrations(())
NO_RESERVATION = Reservation()


@frozen
class View:
    """What a unit says now: either both answers, or why not."""

    unit: LogicalUnit
    registrations: Registrations = NO_REGISTRATIONS
    reservation: Reservation = NO_RESERVATION
    error: ReservationError | None = None

    def own_count(self, key: int) -> int:
        """How many I_T nexuses are registered with a key."""
        return self.registrations.keys.count(key)

    def others(self, key: int) -> tuple[int, ...]:
        """Registered keys other than the given one, each once."""
        return tuple(dict.fromkeys(other for other in self.registrations.keys if other != key))


_Answer = TypeVar("_Answer")


def unavailable(resource: Resource) -> Veto | None:
    """The veto on a start of a resource whose disks are to be reserved, as no reservation backend is installed.

    No permit lifts it: who writes ``scsireserv = true`` has disks that two nodes can write to, and relies on it.
    """
    if not resource.options.get("scsireserv"):
        return None
    return Veto(
        "scsireserv_unavailable",
        "scsireserv = true, and no SCSI reservation backend is installed: its disks would not be protected",
        subject=str(resource.id),
        hint="pip install opensvc-scsi-sg; scsireserv = false only if no other node can write to these disks",
        is_liftable=False,
    )


def identify_all(backends: Backends, devices: Sequence[Device], context: Context) -> tuple[LogicalUnit, ...]:
    """Units of devices in the order of their identities, the same on every node.

    Raises:
        ReservationError: there is no device, or one is absent or cannot be reserved; names it.
    """
    if not devices:
        raise ReservationError(
            "there is no disk to reserve", code="no_device", hint="set scsireserv = false, or add it"
        )
    units: dict[str, LogicalUnit] = {}
    for device, answer in backends.identify(devices, context):
        if isinstance(answer, ReservationError):
            raise ReservationError(f"{device.path}: {answer.message}", code=answer.code, hint=answer.hint)
        units[answer.identity] = answer
    return tuple(units[identity] for identity in sorted(units))


def view(backends: Backends, units: Sequence[LogicalUnit], context: Context) -> tuple[View, ...]:
    """Read registrations and reservations of units; changes nothing, raises nothing that a unit says."""
    keys = _read(backends.read_registrations, units, context)
    holders = _read(backends.read_holder, [unit for unit in units if not isinstance(keys[unit], Exception)], context)
    views = []
    for unit in units:
        registered, held = keys[unit], holders.get(unit, NO_RESERVATION)
        if isinstance(registered, ReservationError):
            views.append(View(unit, error=registered))
        elif isinstance(held, ReservationError):
            views.append(View(unit, error=held))
        else:
            views.append(View(unit, registered, held))
    return tuple(views)


def _read(
    ask: Callable[[Sequence[LogicalUnit], Context], Iterable[tuple[LogicalUnit, _Answer | ReservationError]]],
    units: Sequence[LogicalUnit],
    context: Context,
) -> dict[LogicalUnit, _Answer | ReservationError]:
    """Ask for all units; those that had a unit attention to tell are asked again, a bounded number of times."""
    answers: dict[LogicalUnit, _Answer | ReservationError] = {}
    waiting = list(units)
    for attempt in range(UNIT_ATTENTION_TRIES):
        if not waiting:
            break
        if attempt:
            context.pause(UNIT_ATTENTION_PAUSE)
        answers.update(ask(waiting, context))
        waiting = [unit for unit in waiting if _is_attention(answers.get(unit))]
    for unit in units:
        if unit not in answers:
            answers[unit] = ReservationError(f"{unit.device.path}: the backend gave no answer", code="failed")
    return answers


def _is_attention(answer: object) -> bool:
    return isinstance(answer, ReservationError) and answer.code == "unit_attention"


@frozen
class Claimant:
    """A node that wants units, and what it may do for them.

    Attributes:
        backends: how units are reached.
        context: of the step.
        key: of this node.
        may_preempt: whether the reservation of a foreign key may be taken.
        name_of: what an operator calls the node of a key.
        made_here: whether this boot of this node registered at a unit.
    """

    backends: Backends
    context: Context
    key: int
    may_preempt: Callable[[int], bool]
    name_of: Callable[[int], str]
    made_here: Callable[[LogicalUnit], bool]

    # -- taking ---------------------------------------------------------------------------------------------------

    def take(self, units: Sequence[LogicalUnit]) -> bool:
        """Hold every unit, alone. Whether anything had to be changed.

        Raises:
            ReservationError: ``conflict`` names holder and device; whatever was registered is given up again.
        """
        views = self._look(units)
        self._refuse_foreign(views)
        if all(self._is_mine(each) and not each.others(self.key) and self.made_here(each.unit) for each in views):
            return False
        try:
            self._register(units)
            for unit in units:
                self._acquire(unit)
            self._remove_others(units)
            self._read_back(units)
        except BaseException:
            # The registration is what grants write access: a loser gives it up before anybody hears of the loss.
            self._abandon(units)
            raise
        return True

    def _refuse_foreign(self, views: Sequence[View]) -> None:
        """Raise if somebody holds a unit that may not be preempted, before anything is registered."""
        for each in views:
            holder = each.reservation.key
            if holder is None or holder == self.key:
                continue
            if not self.may_preempt(holder):
                raise self.conflict(each.unit, holder)
        for each in views:
            if each.reservation.key is not None and each.reservation.type != WRITE_EXCLUSIVE_REGISTRANTS_ONLY:
                raise ReservationError(
                    f"{each.unit.device.path} is reserved in another way (type {each.reservation.type}) by"
                    f" {self.name_of(each.reservation.key)}",
                    code="conflict",
                    hint="somebody else's software reserves this disk: find out who before you touch it",
                )

    def conflict(self, unit: LogicalUnit, holder: int) -> ReservationError:
        """The error for a unit that another node holds."""
        return ReservationError(
            f"{unit.device.path} is reserved by {self.name_of(holder)}",
            code="conflict",
            hint="stop the service there; if that node is dead for certain: --declare-dead NODE",
        )

    def _register(self, units: Sequence[LogicalUnit]) -> None:
        self._each(units, lambda unit: self._change("register", unit, key=self.key))

    def _acquire(self, unit: LogicalUnit) -> None:
        """Become the holder of one unit, or raise.

        Units are asked for in the order of their identities: of two nodes that want the same ones the first decides.
        """
        holder = self._look([unit])[0].reservation.key
        if holder == self.key:
            return
        if holder is None:
            self._change_or_conflict("reserve", unit, key=self.key)
        elif self.may_preempt(holder):
            self._change_or_conflict("preempt", unit, key=self.key, victim=holder)
        else:
            raise self.conflict(unit, holder)

    def _change_or_conflict(self, primitive: str, unit: LogicalUnit, **keys: int) -> None:
        try:
            self._change(primitive, unit, **keys)
        except ReservationError as error:
            if error.code != "conflict":
                raise
            holder = self._look([unit])[0].reservation.key
            if holder is not None and holder != self.key:
                raise self.conflict(unit, holder) from error
            if holder is None:
                raise ReservationError(
                    f"{unit.device.path}: {primitive} was refused, and nobody holds it",
                    code="conflict",
                    hint=error.hint,
                ) from error

    def _remove_others(self, units: Sequence[LogicalUnit]) -> None:
        """As holder, take write access from every other registrant, stale registrations of this node's own included."""
        for each in self._look(units):
            for other in each.others(self.key):
                self._preempt(each.unit, other)
            if each.own_count(self.key) > len(each.unit.paths):
                self._renew(each.unit)

    def _renew(self, unit: LogicalUnit) -> None:
        """Remove what a former boot of this node left registered: a preemption of our own key spares the asking path.

        Targets differ in what they spare, so what is missing afterwards is registered and reserved again.
        """
        self._preempt(unit, self.key)
        now = self._look([unit])[0]
        if now.own_count(self.key) < len(unit.paths):
            self._change("register", unit, key=self.key)
        self._acquire(unit)

    def _preempt(self, unit: LogicalUnit, victim: int) -> None:
        try:
            self._change("preempt", unit, key=self.key, victim=victim)
        except ReservationError as error:
            # The victim may have left by itself meanwhile; the read-back decides.
            if error.code != "conflict":
                raise

    def _read_back(self, units: Sequence[LogicalUnit]) -> None:
        for each in self._look(units):
            holder = each.reservation.key
            if holder is not None and holder != self.key:
                raise self.conflict(each.unit, holder)
            if not self._is_mine(each):
                raise ReservationError(
                    f"{each.unit.device.path}: read back after the reservation, {each.own_count(self.key)} of"
                    f" {len(each.unit.paths)} paths are registered and"
                    f" {'this node holds it' if holder == self.key else 'nobody holds it'}",
                    code="failed",
                    hint="look at the paths of this disk, then try again",
                )

    def _is_mine(self, each: View) -> bool:
        return (
            each.reservation.key == self.key
            and each.reservation.type == WRITE_EXCLUSIVE_REGISTRANTS_ONLY
            and each.own_count(self.key) >= len(each.unit.paths)
        )

    # -- giving up ------------------------------------------------------------------------------------------------

    def give_up(self, units: Sequence[LogicalUnit]) -> bool:
        """Hold no unit and be registered at none. Whether anything had to be changed.

        As long as this node still holds a unit it removes whoever else is registered there.

        Raises:
            ReservationError: a registration of this node is still there.
        """
        views = self._look(units)
        if not any(each.own_count(self.key) or each.reservation.key == self.key for each in views):
            return False
        for each in views:
            if each.reservation.key == self.key and self.made_here(each.unit):
                for other in each.others(self.key):
                    self._preempt(each.unit, other)
        self._leave(units)
        for each in self._look(units):
            if each.own_count(self.key) or each.reservation.key == self.key:
                # Left by a nexus that no longer exists, as this node was started anew: register, then remove all of it.
                self._expel_ghost(each.unit)
        for each in self._look(units):
            if each.own_count(self.key) or each.reservation.key == self.key:
                raise ReservationError(
                    f"{each.unit.device.path}: the registration of this node is still there after it was given up",
                    code="failed",
                    hint="osvc reservation show; another path of this disk may still be registered",
                )
        return True

    def _expel_ghost(self, unit: LogicalUnit) -> None:
        holder = self._look([unit])[0].reservation.key
        if holder not in {None, self.key}:
            return
        self._change("register", unit, key=self.key)
        self._preempt(unit, self.key)
        self._leave([unit])

    def _leave(self, units: Sequence[LogicalUnit]) -> None:
        def leave(unit: LogicalUnit) -> None:
            for primitive in ("release", "unregister"):
                try:
                    self._change(primitive, unit, key=self.key)
                except ReservationError as error:
                    # Not registered any more is what is wanted; whether it is so, the read-back tells.
                    if error.code not in {"conflict", "not_ready"}:
                        raise

        self._each(units, leave)

    def _abandon(self, units: Sequence[LogicalUnit]) -> None:
        """Give every registration up after a loss, whatever else goes wrong; what stays is said by the next status."""
        for unit in units:
            try:
                self._leave([unit])
            except OpenSVCError as error:
                self.context.note(
                    f"{unit.device.path}: the registration could not be given up: {error.message}",
                    "registration_left",
                    Severity.ERROR,
                )

    # -- calls ----------------------------------------------------------------------------------------------------

    def _look(self, units: Sequence[LogicalUnit]) -> tuple[View, ...]:
        views = view(self.backends, units, self.context)
        for each in views:
            if each.error is not None:
                raise ReservationError(
                    f"{each.unit.device.path}: {each.error.message}", code=each.error.code, hint=each.error.hint
                )
        return views

    def _change(self, primitive: str, unit: LogicalUnit, **keys: int) -> None:
        """One primitive; a unit attention, told once to each nexus, is read and the primitive made again."""
        for attempt in range(UNIT_ATTENTION_TRIES):
            if attempt:
                self.context.pause(UNIT_ATTENTION_PAUSE)
            try:
                self.backends.change(primitive, unit, self.context, **keys)
            except ReservationError as error:
                if error.code != "unit_attention" or attempt == UNIT_ATTENTION_TRIES - 1:
                    raise
            else:
                return

    def _each(self, units: Sequence[LogicalUnit], work: Callable[[LogicalUnit], None]) -> None:
        """Do something for all units side by side; all are tried before the first error is raised."""
        failures = [answer for _, answer in side_by_side(units, work, SIDE_BY_SIDE) if isinstance(answer, Exception)]
        if failures:
            raise failures[0]


# -- status -----------------------------------------------------------------------------------------------------------


def judge(
    views: Sequence[View],
    key: int,
    nodes: Mapping[int, str],
    made_here: Callable[[LogicalUnit], bool],
) -> StatusReport:
    """The status of a reservation from what its units say. Pure.

    Args:
        views: of every unit.
        key: of this node.
        nodes: names of the service's other nodes by their keys.
        made_here: whether this boot of this node registered at a unit.

    Returns:
        Up when this node holds every unit, registered on every path since this boot, alone; warn when part of that is
        missing or a stranger holds or is registered; down when all are free or another node of the service holds
        them; undef when a unit cannot tell.
    """
    unclear = [
        Note(f"{v.unit.device.path}: {v.error.message}", v.error.code, Severity.WARNING) for v in views if v.error
    ]
    if unclear or not views:
        return StatusReport(Status.UNDEF, tuple(unclear) or (Note("there is no disk to reserve", "no_device"),))
    notes: list[Note] = []
    held = [each for each in views if each.reservation.key == key]
    for each in views:
        notes += _oddities(each, key, nodes, made_here)
    if held and len(held) < len(views):
        free = ", ".join(each.unit.device.path for each in views if each.reservation.key != key)
        notes.append(Note(f"not held by this node: {free}", "partly_held", Severity.WARNING))
    if any(note.severity is not Severity.INFO for note in notes):
        return StatusReport(Status.WARN, tuple(notes))
    return StatusReport(Status.UP if held else Status.DOWN, tuple(notes))


def _oddities(
    each: View, key: int, nodes: Mapping[int, str], made_here: Callable[[LogicalUnit], bool]
) -> Iterable[Note]:
    path, holder = each.unit.device.path, each.reservation.key

    def name(other: int) -> str:
        return f"{nodes[other]} ({format_key(other)})" if other in nodes else f"the unknown key {format_key(other)}"

    if holder is not None and holder != key:
        known = Severity.INFO if holder in nodes else Severity.WARNING
        yield Note(f"{path} is held by {name(holder)}", "held_elsewhere", known)
    for other in each.others(key):
        if other != holder:
            yield Note(f"{path}: {name(other)} is registered and could write", "foreign_registrant", Severity.WARNING)
    count, paths = each.own_count(key), len(each.unit.paths)
    if holder == key or count:
        if not made_here(each.unit):
            text = f"{path}: the registration is of an earlier boot of this node: its writes may be refused"
            yield Note(text, "stale_registration", Severity.WARNING)
        elif count < paths:
            yield Note(f"{path}: {count} of {paths} paths are registered", "paths_missing", Severity.WARNING)
    if each.unit.lost_paths and holder == key:
        lost = ", ".join(each.unit.lost_paths)
        text = f"{path}: lost: {lost}; a path that returns may be refused to write until the next start"
        yield Note(text, "paths_lost", Severity.WARNING)
    if count and holder != key:
        yield Note(f"{path}: this node is registered and does not hold it", "registrant_only", Severity.WARNING)
