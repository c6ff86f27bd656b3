"""``sg_persist``: reservations of SCSI disks, path by path (sg3-utils)."""

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
)
from opensvc_scsi_sg import parse_sg
from opensvc_scsi_sg.attempts import change, read
from opensvc_scsi_sg.choice import Choice
from opensvc_scsi_sg.exits import sg_failure
from opensvc_scsi_sg.units import identify

TYPE = "--prout-type=5"
"""Write Exclusive, Registrants Only."""


class SgPersist:
    """Every SCSI disk of a Linux node that ``mpathpersist`` does not handle.

    Registering is a matter of each path (I_T nexus). So is giving up a reservation: from a path that is registered and
    not the holder a release has no effect (seen with tgt and LIO), hence it goes through each of them.
    """

    commands: ClassVar[tuple[str, ...]] = ("sg_persist",)

    def __init__(self, choice: Choice | None = None) -> None:
        self._choice = choice or Choice()

    @hookimpl
    def claims(self, device: Device, context: Context) -> bool | None:
        """Block devices and files of Linux: what of them is no SCSI disk is said by ``identify``."""
        if context.node.os_name != "Linux" or device.kind == "network" or self._choice.is_mpathpersist(device):
            return None
        return True

    @hookimpl
    def identify(
        self, devices: Sequence[Device], context: Context
    ) -> Iterable[tuple[Device, LogicalUnit | ReservationError]]:
        """Identity and paths, from ``/sys``."""
        return tuple(identify(devices, self._choice.sysfs))

    @hookimpl
    def read_registrations(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterable[tuple[LogicalUnit, Registrations | ReservationError]]:
        """Registered keys, all units side by side, each through the first path that answers."""
        argv = ("sg_persist", "-n", "--in", "--read-keys")

        def ask(unit: LogicalUnit) -> Registrations:
            parse = parse_sg.parse_registrations
            return on_one_path(unit, lambda path: read(context, argv, path, sg_failure, parse), ANY_PATH_TROUBLE)

        return ask_units(units, ask)

    @hookimpl
    def read_holder(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterable[tuple[LogicalUnit, Reservation | ReservationError]]:
        """Reservations, all units side by side, each through the first path that answers."""
        argv = ("sg_persist", "-n", "--in", "--read-reservation")

        def ask(unit: LogicalUnit) -> Reservation:
            parse = parse_sg.parse_reservation
            return on_one_path(unit, lambda path: read(context, argv, path, sg_failure, parse), ANY_PATH_TROUBLE)

        return ask_units(units, ask)

    @hookimpl
    def register(self, unit: LogicalUnit, key: int, context: Context) -> Outcome:
        """Register on every path, whatever key was there before."""
        _on_every_path(unit, context, "--register-ignore", f"--param-sark={key:#x}")
        return Outcome.changed(f"registered on {len(unit.paths)} paths")

    @hookimpl
    def unregister(self, unit: LogicalUnit, key: int, context: Context) -> Outcome:
        """Remove this key from every path: not what another program may have registered there."""

        def leave(path: str) -> None:
            try:
                _change(context, path, "--register", f"--param-rk={key:#x}", "--param-sark=0")
            except ReservationError as error:
                # Refused is what a path hears that is not registered with this key.
                if error.code != "conflict":
                    raise

        on_every_path(unit, leave, context)
        return Outcome.changed()

    @hookimpl
    def reserve(self, unit: LogicalUnit, key: int, context: Context) -> Outcome:
        """Reserve through the first path that works. Raises ``conflict`` if another nexus holds it."""
        on_one_path(unit, lambda path: _change(context, path, "--reserve", f"--param-rk={key:#x}", TYPE))
        return Outcome.changed()

    @hookimpl
    def release(self, unit: LogicalUnit, key: int, context: Context) -> Outcome:
        """Give the reservation up through every path, as only that which took it can."""
        _on_every_path(unit, context, "--release", f"--param-rk={key:#x}", TYPE)
        return Outcome.changed()

    @hookimpl
    def preempt(self, unit: LogicalUnit, key: int, victim: int, context: Context) -> Outcome:
        """Preempt and abort; without the abort only where the device says that it does not know it."""
        keys = (f"--param-sark={victim:#x}", f"--param-rk={key:#x}", TYPE)
        try:
            on_one_path(unit, lambda path: _change(context, path, "--preempt-abort", *keys))
        except ReservationError as error:
            if error.code != "not_supported":
                raise
            warn_of_no_abort(unit, context)
            on_one_path(unit, lambda path: _change(context, path, "--preempt", *keys))
        return Outcome.changed()

    @hookimpl
    def clear(self, unit: LogicalUnit, key: int, context: Context) -> Outcome:
        """Remove every registration and the reservation, through the first path that works."""
        on_one_path(unit, lambda path: _change(context, path, "--clear", f"--param-rk={key:#x}"))
        return Outcome.changed()


def warn_of_no_abort(unit: LogicalUnit, context: Context) -> None:
    """Tell that commands which the device has accepted already are not stopped."""
    context.note(
        f"{unit.device.path}: the device knows no preempt-and-abort; commands of the preempted node that it has"
        " accepted already may still be carried out",
        "preempt_without_abort",
        Severity.WARNING,
    )


def _change(context: Context, path: str, *words: str) -> None:
    change(context, ("sg_persist", "-n", "--out", *words), path, sg_failure)


def _on_every_path(unit: LogicalUnit, context: Context, *words: str) -> None:
    on_every_path(unit, lambda path: _change(context, path, *words), context)
