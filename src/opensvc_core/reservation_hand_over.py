"""The hand-over of reserved units: the one protocol in which two nodes are registered."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from opensvc_core.errors import ReservationError
from opensvc_core.model import LogicalUnit, Severity
from opensvc_core.reservation_registrar import WRITE_EXCLUSIVE_REGISTRANTS_ONLY, Registrar
from opensvc_core.reservation_units import View


@frozen
class HandOver(Registrar):
    """Either of the two nodes of a migration."""

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
