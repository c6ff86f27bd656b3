"""SCSI-3 persistent reservations, the algorithm: all units or none, read first, read back, winners and losers.

Under Write Exclusive, Registrants Only *registering is what grants write access*. Hence the order: look before
registering, give the registration up before reporting a loss, and as winner remove every other registrant before the
first disk step (SPC-4 5.9; facts of the tools in the backends).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.errors import OpenSVCError, ReservationError
from opensvc_core.fanout import side_by_side
from opensvc_core.model import LogicalUnit, Severity
from opensvc_core.reservation_status import judge, unavailable
from opensvc_core.reservation_units import (
    UNIT_ATTENTION_PAUSE,
    UNIT_ATTENTION_TRIES,
    Backends,
    NoBackends,
    View,
    identify_all,
    view,
)

if TYPE_CHECKING:
    from opensvc_core.context import Context

__all__ = ["Backends", "Claimant", "NoBackends", "View", "identify_all", "judge", "unavailable", "view"]

WRITE_EXCLUSIVE_REGISTRANTS_ONLY = 5
"""Type of the reservations that are made (SPC-4, table of persistent reservation types)."""
SIDE_BY_SIDE = 64
"""Units that are asked at once."""


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

    def refuse_held(self, units: Sequence[LogicalUnit]) -> None:
        """Raise ReservationError ``conflict`` if somebody holds a unit that may not be preempted; changes nothing."""
        self._refuse_foreign(self._look(units))

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

    def clean(self, units: Sequence[LogicalUnit]) -> bool:
        """Remove what an earlier boot of this node left at units, and nobody else's. Whether there was anything.

        Where this node is still the holder it releases, else it only unregisters. On a unit that another node holds
        nothing is registered, not even to get rid of a registration of a nexus that is gone: it is told, and the
        holder removes it when it next takes the disks.
        """
        left = [each.unit for each in self._look(units) if self._is_left(each)]
        if not left:
            return False
        self._leave(left)
        for each in self._look(left):
            if self._is_left(each):
                self._expel_ghost(each.unit)
        for each in self._look(left):
            if self._is_left(each):
                holder = each.reservation.key
                who = "nobody" if holder is None else "this node" if holder == self.key else self.name_of(holder)
                self.context.note(
                    f"{each.unit.device.path}: a registration of an earlier boot of this node stays; held by {who}",
                    "registration_left",
                    Severity.WARNING,
                )
        return True

    def _is_left(self, each: View) -> bool:
        """Whether a unit has something of this node that this boot did not make."""
        return not self.made_here(each.unit) and (each.own_count(self.key) > 0 or each.reservation.key == self.key)

    def hold_again(self, units: Sequence[LogicalUnit]) -> bool:
        """Register anew where an earlier boot of this node is the holder, of every unit and alone; whether that is so.

        Takes nothing that is free, and removes nobody.
        """
        if not self._are_alone(units):
            return False
        self._register(units)
        if self._are_alone(units):
            return True
        self._abandon(units)
        return False

    def _are_alone(self, units: Sequence[LogicalUnit]) -> bool:
        views = self._look(units)
        return all(each.reservation.key == self.key and not each.others(self.key) for each in views)

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

    # -- handing over: the one protocol in which two nodes are registered -------------------------------------------

    def join(self, units: Sequence[LogicalUnit], holder: int) -> bool:
        """Be registered at every unit beside the node that holds them. Whether anything had to be changed.

        Args:
            units: all of a resource.
            holder: key of the node that holds them, and goes on holding them.

        Raises:
            ReservationError: ``not_held`` where that node does not hold one, ``conflict`` where somebody else does or
                is registered; whatever was registered is given up again.
        """
        views = self._look(units)
        for each in views:
            self._refuse_unless_held(each, holder)
            strangers = [key for key in each.others(self.key) if key != holder]
            if strangers:
                raise ReservationError(
                    f"{each.unit.device.path}: {self.name_of(strangers[0])} is registered too",
                    code="conflict",
                    hint="a restart of the service on the node that holds it removes what is left there of others",
                )
        if all(each.own_count(self.key) >= len(each.unit.paths) and self.made_here(each.unit) for each in views):
            return False
        try:
            self._register(units)
            for each in self._look(units):
                self._refuse_unless_held(each, holder)
                if each.own_count(self.key) < len(each.unit.paths):
                    raise ReservationError(
                        f"{each.unit.device.path}: read back, {each.own_count(self.key)} of {len(each.unit.paths)}"
                        " paths are registered",
                        code="failed",
                        hint="look at the paths of this disk, then try again",
                    )
        except BaseException:
            self._abandon(units)
            raise
        return True

    def _refuse_unless_held(self, each: View, holder: int) -> None:
        now = each.reservation
        if now.key == holder and now.type == WRITE_EXCLUSIVE_REGISTRANTS_ONLY:
            return
        if now.key in {None, self.key, holder}:
            raise ReservationError(
                f"{each.unit.device.path} is not held by {self.name_of(holder)}, which should hand it over",
                code="not_held",
                hint="osvc status on both nodes; is it the same disk?",
            )
        raise self.conflict(each.unit, now.key or 0)

    def leave(self, units: Sequence[LogicalUnit]) -> bool:
        """Be registered at no unit, of which another node is the holder. Whether anything had to be changed.

        What an earlier boot of this node registered, by a nexus that is gone, cannot be unregistered from here: it is
        told, and the holder removes it (``settle``).

        Raises:
            ReservationError: ``still_holder`` where this node holds one, and nobody would after it; ``failed`` where a
                registration of this node is still there.
        """
        views = self._look(units)
        for each in views:
            if each.reservation.key == self.key:
                raise ReservationError(
                    f"{each.unit.device.path}: this node still holds it, and the other one has not taken it over",
                    code="still_holder",
                    hint="osvc recover",
                )
        registered = [each.unit for each in views if each.own_count(self.key)]
        if not registered:
            return False
        self._unregister(registered)
        for each in self._look(registered):
            if each.own_count(self.key) and self.made_here(each.unit):
                raise ReservationError(
                    f"{each.unit.device.path}: a registration of this node is still there after it was given up",
                    code="failed",
                    hint="osvc reservation show; another path of this disk may still be registered",
                )
            if each.own_count(self.key):
                self.context.note(
                    f"{each.unit.device.path}: a registration of an earlier boot of this node stays, until the node"
                    " that holds it removes it",
                    "registration_left",
                    Severity.WARNING,
                )
        return True

    def _unregister(self, units: Sequence[LogicalUnit]) -> None:
        def unregister(unit: LogicalUnit) -> None:
            try:
                self._change("unregister", unit, key=self.key)
            except ReservationError as error:
                # Not registered any more is what is wanted; whether it is so, the read-back tells.
                if error.code not in {"conflict", "not_ready"}:
                    raise

        self._each(units, unregister)

    def settle(self, units: Sequence[LogicalUnit], victim: int) -> bool:
        """Hold every unit in the place of a node that handed them over, and that is not registered any more.

        The holder changes in one command of the device, so that no unit is without one in between. No other key is
        ever preempted. Whether anything had to be changed.

        Args:
            units: all of a resource, at which this node is registered.
            victim: key of the node that has left.

        Raises:
            ReservationError: ``not_joined`` where this node is not registered, ``conflict`` where a third node holds.
        """
        views = self._look(units)
        for each in views:
            if not each.own_count(self.key):
                raise ReservationError(
                    f"{each.unit.device.path}: this node is not registered, and cannot take it over",
                    code="not_joined",
                    hint="osvc status on both nodes",
                )
            if each.reservation.key not in {None, self.key, victim}:
                raise self.conflict(each.unit, each.reservation.key or 0)
        if all(self._is_mine(each) and victim not in each.registrations.keys for each in views):
            return False
        for unit in units:
            self._acquire(unit, victim)
        for each in self._look(units):
            if victim in each.registrations.keys:
                self._preempt(each.unit, victim)
            if each.own_count(self.key) > len(each.unit.paths):
                self._renew(each.unit)
        self._read_back(units)
        for each in self._look(units):
            if victim in each.registrations.keys:
                raise ReservationError(
                    f"{each.unit.device.path}: {self.name_of(victim)} is still registered after it was preempted",
                    code="failed",
                    hint="osvc reservation show",
                )
        return True

    # -- calls ----------------------------------------------------------------------------------------------------

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
