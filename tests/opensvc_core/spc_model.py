"""A logical unit with persistent reservations as SPC-4 and the captures describe it, in memory; no command is run.

It stands in for a backend's target, so that the algorithm's races can be walked through in every order. The real tools
are held to the same algorithm in the lab.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from attrs import Factory, define, field

from opensvc_core.errors import ReservationError
from opensvc_core.model import Device, LogicalUnit, Registrations, Reservation

if TYPE_CHECKING:
    from opensvc_core.context import Context

Nexus = tuple[str, str]
_Answer = TypeVar("_Answer")


@define
class Target:
    """State of one logical unit: who is registered with what, who holds, what each nexus has not been told yet."""

    registered: dict[Nexus, int] = Factory(dict)
    holder: Nexus | None = None
    attention: dict[Nexus, str] = Factory(dict)
    generation: int = 0

    def hear(self, nexus: Nexus) -> None:
        """Tell a nexus its unit attention, once."""
        if nexus in self.attention:
            raise ReservationError(self.attention.pop(nexus), code="unit_attention")

    def register(self, nexus: Nexus, key: int) -> None:
        """Register and ignore existing key."""
        self.hear(nexus)
        self.registered[nexus] = key
        self.generation += 1

    def unregister(self, nexus: Nexus) -> None:
        """Register with key 0; the holder's departure releases."""
        self.hear(nexus)
        if self.registered.pop(nexus, None) is not None and self.holder == nexus:
            self.holder = None
            self._tell(nexus, "Reservations released")

    def reserve(self, nexus: Nexus, key: int) -> None:
        """Reserve; a registrant who does not hold is refused while another does."""
        self.hear(nexus)
        self._check(nexus, key)
        if self.holder not in {None, nexus}:
            raise ReservationError("Reservation conflict", code="conflict")
        self.holder = nexus

    def release(self, nexus: Nexus, key: int) -> None:
        """Release; no effect for one who does not hold."""
        self.hear(nexus)
        self._check(nexus, key)
        if self.holder == nexus:
            self.holder = None
            self._tell(nexus, "Reservations released")

    def preempt(self, nexus: Nexus, key: int, victim: int) -> None:
        """Remove the victim's registrations but our own nexus'; take its reservation."""
        self.hear(nexus)
        self._check(nexus, key)
        victims = [other for other, theirs in self.registered.items() if theirs == victim]
        if not victims:
            raise ReservationError("Reservation conflict", code="conflict")
        if self.holder in victims:
            self.holder = nexus
        for other in victims:
            if other != nexus:
                del self.registered[other]
                self.attention[other] = "Registrations preempted"
        self.generation += 1

    def clear(self, nexus: Nexus, key: int) -> None:
        """Remove everybody; whoever asks must be registered."""
        self.hear(nexus)
        self._check(nexus, key)
        self.registered.clear()
        self.holder = None

    def _check(self, nexus: Nexus, key: int) -> None:
        if self.registered.get(nexus) != key:
            raise ReservationError("Reservation conflict", code="conflict")

    def _tell(self, nexus: Nexus, text: str) -> None:
        for other in self.registered:
            if other != nexus:
                self.attention[other] = text


@define
class Turns:
    """Lets nodes act one primitive at a time, in a given order; a node that has finished loses its turns."""

    order: list[str]
    finished: set[str] = Factory(set)
    _condition: threading.Condition = Factory(threading.Condition)

    def take(self, node: str) -> None:
        """Wait for this node's turn."""
        with self._condition:
            self._condition.wait_for(lambda: self._is_next(node))
            if self.order:
                self.order.pop(0)
            self._condition.notify_all()

    def finish(self, node: str) -> None:
        """This node will take no more turns."""
        with self._condition:
            self.finished.add(node)
            self._condition.notify_all()

    def _is_next(self, node: str) -> bool:
        while self.order and self.order[0] in self.finished:
            self.order.pop(0)
        return not self.order or self.order[0] == node


@define
class ModelBackends:
    """The door of reservation backends as one node sees the targets."""

    node: str
    targets: dict[str, Target]
    paths: tuple[str, ...] = ("a",)
    turns: Turns | None = None
    fails: dict[str, ReservationError] = Factory(dict)
    trace: list[tuple[str, str]] = Factory(list)
    names: tuple[str, ...] = ("model",)
    guard: threading.Lock = field(factory=threading.Lock)

    def identify(
        self, devices: Sequence[Device], context: Context
    ) -> Iterable[tuple[Device, LogicalUnit | ReservationError]]:
        """A device's file name is its identity, where there is such a target; its path, where that names one."""
        del context
        found: list[tuple[Device, LogicalUnit | ReservationError]] = []
        for device in devices:
            identity = device.path if device.path in self.targets else Path(device.path).name
            if identity in self.targets:
                found.append((device, LogicalUnit(device, identity, self.paths)))
            else:
                found.append((device, ReservationError("cannot be reserved", code="not_supported")))
        return found

    def read_registrations(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterable[tuple[LogicalUnit, Registrations | ReservationError]]:
        """All keys."""
        del context
        for unit in units:
            yield unit, self._ask(unit, lambda target: Registrations(tuple(target.registered.values())))

    def read_holder(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterable[tuple[LogicalUnit, Reservation | ReservationError]]:
        """The holder's key."""
        del context
        for unit in units:
            yield unit, self._ask(unit, self._held)

    @staticmethod
    def _held(target: Target) -> Reservation:
        if target.holder is None:
            return Reservation()
        return Reservation(target.registered[target.holder], 5, target.generation)

    def _ask(self, unit: LogicalUnit, question: Callable[[Target], _Answer]) -> _Answer | ReservationError:
        self._turn("read", unit)
        try:
            self._fail("read")
            with self.guard:
                self.targets[unit.identity].hear((self.node, self.paths[0]))
                return question(self.targets[unit.identity])
        except ReservationError as error:
            return error

    def change(self, primitive: str, unit: LogicalUnit, context: Context, **keys: int) -> None:
        """One primitive; registrations on every path, the rest through the first."""
        self._turn(primitive, unit)
        if context.is_dry_run:
            return  # as a backend's commands, which are recorded and not run
        self._fail(primitive)
        target = self.targets[unit.identity]
        with self.guard:
            if primitive == "register":
                for path in self.paths:
                    self._patiently(partial(target.register, (self.node, path), keys["key"]))
            elif primitive == "clear":
                target.clear((self.node, self.paths[0]), keys["key"])
            elif primitive == "unregister":
                for path in self.paths:
                    self._patiently(partial(target.unregister, (self.node, path)))
            else:
                getattr(target, primitive)((self.node, self.paths[0]), **keys)

    def _patiently(self, act: Callable[[], None]) -> None:
        """As a backend does that reaches several paths: one path's news must not undo what others did."""
        try:
            act()
        except ReservationError:
            act()

    def _turn(self, what: str, unit: LogicalUnit) -> None:
        if self.turns is not None:
            self.turns.take(self.node)
        self.trace.append((what, unit.identity))

    def _fail(self, what: str) -> None:
        if what in self.fails:
            raise self.fails[what]
