"""What taking, giving up and handing over of reserved units are made of: primitives, their retries, the read-back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.errors import OpenSVCError, ReservationError
from opensvc_core.fanout import side_by_side
from opensvc_core.model import LogicalUnit, Severity
from opensvc_core.reservation_units import UNIT_ATTENTION_PAUSE, UNIT_ATTENTION_TRIES, Backends, View, view

if TYPE_CHECKING:
    from opensvc_core.context import Context

WRITE_EXCLUSIVE_REGISTRANTS_ONLY = 5
"""Type of the reservations that are made (SPC-4, table of persistent reservation types)."""
SIDE_BY_SIDE = 64
"""Units that are asked at once."""


@frozen
class Registrar:
    """A node at units, with its key.

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

    def conflict(self, unit: LogicalUnit, holder: int) -> ReservationError:
        """The error for a unit that another node holds."""
        return ReservationError(
            f"{unit.device.path} is reserved by {self.name_of(holder)}",
            code="conflict",
            hint="stop the service there; if that node is dead for certain: --declare-dead NODE",
        )

    def _register(self, units: Sequence[LogicalUnit]) -> None:
        self._each(units, lambda unit: self._change("register", unit, key=self.key))

    def _acquire(self, unit: LogicalUnit, victim: int | None = None) -> None:
        """Become the holder of one unit, in place of a victim where one is named, or raise.

        Units are asked for in the order of their identities: of two nodes that want the same ones the first decides.
        """
        holder = self._look([unit])[0].reservation.key
        if holder == self.key:
            return
        if holder is None:
            self._change_or_conflict("reserve", unit, key=self.key)
        elif holder == victim or self.may_preempt(holder):
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

    def _unregister(self, units: Sequence[LogicalUnit]) -> None:
        def unregister(unit: LogicalUnit) -> None:
            try:
                self._change("unregister", unit, key=self.key)
            except ReservationError as error:
                # Not registered any more is what is wanted; whether it is so, the read-back tells.
                if error.code not in {"conflict", "not_ready"}:
                    raise

        self._each(units, unregister)

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

    def _look(self, units: Sequence[LogicalUnit]) -> tuple[View, ...]:
        views = view(self.backends, units, self.context)
        for each in views:
            if each.error is not None:
                raise each.error
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
