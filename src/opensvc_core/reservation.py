"""SCSI-3 persistent reservations, the algorithm: all units or none, read first, read back, winners and losers.

Under Write Exclusive, Registrants Only *registering is what grants write access*. Hence the order: look before
registering, give the registration up before reporting a loss, and as winner remove every other registrant before the
first disk step (SPC-4 5.9; facts of the tools in the backends).
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from opensvc_core.errors import ReservationError
from opensvc_core.model import LogicalUnit, Severity
from opensvc_core.reservation_hand_over import HandOver
from opensvc_core.reservation_registrar import WRITE_EXCLUSIVE_REGISTRANTS_ONLY
from opensvc_core.reservation_status import judge, unavailable
from opensvc_core.reservation_units import Backends, NoBackends, View, identify_all, view

__all__ = ["Backends", "Claimant", "NoBackends", "View", "identify_all", "judge", "unavailable", "view"]


@frozen
class Claimant(HandOver):
    """A node that wants units, and what it may do for them; see ``Registrar``."""

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

    def _remove_others(self, units: Sequence[LogicalUnit]) -> None:
        """As holder, take write access from every other registrant, stale registrations of this node's own included."""
        for each in self._look(units):
            for other in each.others(self.key):
                self._preempt(each.unit, other)
            if each.own_count(self.key) > len(each.unit.paths):
                self._renew(each.unit)

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
