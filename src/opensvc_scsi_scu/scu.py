"""``scu``: reservations of disks on HP-UX, path by path."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from opensvc_core.api import (
    ANY_PATH_TROUBLE,
    Context,
    Device,
    LogicalUnit,
    Outcome,
    Registrations,
    Reservation,
    ReservationError,
    Severity,
    ask_units,
    hookimpl,
    on_every_path,
    on_one_path,
    on_paths_that_are_up,
)
from opensvc_scsi_scu.commands import change, change_patiently, read
from opensvc_scsi_scu.legs import keep_legs_apart
from opensvc_scsi_scu.parse import parse_holder, parse_keys
from opensvc_scsi_scu.units import identify

TYPE = ("type", "wero")
"""Write Exclusive, Registrants Only."""


class Scu:
    """Every disk of an HP-UX node.

    Registering is a matter of each path, and so is giving a reservation up: only the path that took it can.
    """

    commands: ClassVar[tuple[str, ...]] = ("scu", "scsimgr", "ioscan")

    @hookimpl
    def claims(self, device: Device, context: Context) -> bool | None:
        """Block devices of HP-UX: what of them is no whole disk is said by ``identify``."""
        if context.node.os_name != "HP-UX" or device.kind != "block":
            return None
        return True

    @hookimpl
    def identify(
        self, devices: Sequence[Device], context: Context
    ) -> Iterable[tuple[Device, LogicalUnit | ReservationError]]:
        """WWIDs from one ``scsimgr``, paths from one ``ioscan``."""
        return tuple(identify(devices, context))

    @hookimpl
    def read_registrations(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterable[tuple[LogicalUnit, Registrations | ReservationError]]:
        """Registered keys, all units side by side, each through the first path that answers."""
        return ask_units(units, lambda unit: _registrations(unit, context))

    @hookimpl
    def read_holder(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterable[tuple[LogicalUnit, Reservation | ReservationError]]:
        """Reservations, all units side by side, each through the first path that answers."""

        def ask(unit: LogicalUnit) -> Reservation:
            return on_one_path(
                unit, lambda path: read(context, path, ("show", "reservation"), parse_holder), ANY_PATH_TROUBLE
            )

        return ask_units(units, ask)

    @hookimpl
    def register(self, unit: LogicalUnit, key: int, context: Context) -> Outcome:
        """Register on every path. scu cannot ignore a key that is there: one of ours is taken as it is.

        Raises:
            ReservationError: ``conflict`` for a path on which other software has registered another key.
        """
        keep_legs_apart(context)

        def enter(path: str) -> None:
            try:
                change(context, path, "register", "skey", f"{key:#x}")
            except ReservationError as error:
                if error.code != "conflict":
                    raise
                _confirm(path)

        def _confirm(path: str) -> None:
            """Refused is what a registered path hears; with its own key it is let through (SPC: service key)."""
            try:
                change(context, path, "register", "skey", f"{key:#x}", "key", f"{key:#x}")
            except ReservationError as error:
                if error.code != "conflict":
                    raise
                raise ReservationError(
                    f"{path}: another key than this node's is registered on this path",
                    code="conflict",
                    hint=f"find out whose it is, then: scu -f {path} preserve register skey 0 key KEY",
                ) from error

        on_every_path(unit, enter, context)
        return Outcome.changed(f"registered on {len(unit.paths)} paths")

    @hookimpl
    def unregister(self, unit: LogicalUnit, key: int, context: Context) -> Outcome:
        """Remove this key from every path: not what another program may have registered there.

        A path that is down cannot be asked, and has nothing registered as a rule. Raises its error if the key is left.
        """
        trouble = on_paths_that_are_up(unit, lambda path: _leave(context, path, key), context)
        if trouble is not None and key in _registrations(unit, context).keys:
            raise trouble
        return Outcome.changed()

    @hookimpl
    def reserve(self, unit: LogicalUnit, key: int, context: Context) -> Outcome:
        """Reserve through the first path that works. Raises ``conflict`` if another nexus holds it."""
        on_one_path(unit, lambda path: change(context, path, "reserve", "key", f"{key:#x}", *TYPE))
        return Outcome.changed()

    @hookimpl
    def release(self, unit: LogicalUnit, key: int, context: Context) -> Outcome:
        """Give the reservation up through every path that is up, as only that which took it can."""
        words = ("release", "key", f"{key:#x}", *TYPE)
        on_paths_that_are_up(unit, lambda path: change(context, path, *words), context)
        return Outcome.changed()

    @hookimpl
    def preempt(self, unit: LogicalUnit, key: int, victim: int, context: Context) -> Outcome:
        """Preempt without abort: scu knows no other; the operator is told what that leaves open."""
        _preempt(unit, key, victim, context)
        return Outcome.changed()

    @hookimpl
    def clear(self, unit: LogicalUnit, key: int, context: Context) -> Outcome:
        """Remove every registration and the reservation, which scu has no word for: preempt each other key, then leave.

        Raises:
            ReservationError: ``not_supported`` where keys are left all the same.
        """
        for victim in dict.fromkeys(_registrations(unit, context).keys):
            if victim != key:
                _preempt(unit, key, victim, context)
        # One path after the other: what one gives up is news for the next.
        for path in unit.paths:
            _give_up(context, path, key)
        if context.is_dry_run:
            return Outcome.changed()
        left = _registrations(unit, context).keys
        if left:
            keys = ", ".join(f"{each:#x}" for each in dict.fromkeys(left))
            raise ReservationError(
                f"{unit.device.path}: scu has no command that clears a disk, and preempting left {keys}",
                code="not_supported",
                hint="start or stop the service whose key that is, or clear the disk from a node that has sg_persist",
            )
        return Outcome.changed()


def _registrations(unit: LogicalUnit, context: Context) -> Registrations:
    return on_one_path(unit, lambda path: read(context, path, ("show", "keys"), parse_keys), ANY_PATH_TROUBLE)


def _preempt(unit: LogicalUnit, key: int, victim: int, context: Context) -> None:
    if victim != key:
        context.note(
            f"{unit.device.path}: scu knows no preempt-and-abort: writes of {victim:#x} that the disk had accepted"
            " before may still be carried out; that node must be off",
            "preempt_without_abort",
            Severity.WARNING,
        )
    words = ("preempt", "key", f"{key:#x}", "skey", f"{victim:#x}", *TYPE)
    on_one_path(unit, lambda path: change(context, path, *words))


def _leave(context: Context, path: str, key: int) -> None:
    try:
        change(context, path, "register", "skey", "0", "key", f"{key:#x}")
    except ReservationError as error:
        # Refused is what a path hears that is not registered with this key.
        if error.code != "conflict":
            raise


def _give_up(context: Context, path: str, key: int) -> None:
    """Release, then unregister, one path; refused is what a path hears that is not registered."""
    for words in (("release", "key", f"{key:#x}", *TYPE), ("register", "skey", "0", "key", f"{key:#x}")):
        try:
            change_patiently(context, path, *words)
        except ReservationError as error:
            if error.code != "conflict":
                raise
