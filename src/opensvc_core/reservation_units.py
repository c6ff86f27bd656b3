"""The units behind disks: the door to the reservation backends, and what each unit says now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from attrs import frozen

from opensvc_core.errors import ReservationError
from opensvc_core.model import Device, LogicalUnit, Registrations, Reservation

if TYPE_CHECKING:
    from opensvc_core.context import Context

UNIT_ATTENTION_TRIES = 10
"""A unit attention is news for a nexus, told once each: more than this many in a row is a defect of the device."""
UNIT_ATTENTION_PAUSE = 0.05
"""Seconds between two tries."""


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
    """What a unit says now: either both answers, or why not, with the device's name."""

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


def naming(device: Device, error: ReservationError) -> ReservationError:
    """The error with the device at its begin, once: backends name it where their tools do not."""
    place = f"{device.path}: "
    if error.message.startswith(place):
        return error
    return ReservationError(place + error.message, code=error.code, hint=error.hint)


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
            raise naming(device, answer)
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
            views.append(View(unit, error=naming(unit.device, registered)))
        elif isinstance(held, ReservationError):
            views.append(View(unit, error=naming(unit.device, held)))
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
