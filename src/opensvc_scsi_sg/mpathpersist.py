"""``mpathpersist``: reservations of device-mapper multipath maps, all paths at once (multipath-tools)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from opensvc_core.api import (
    CommandError,
    Context,
    Device,
    LogicalUnit,
    Outcome,
    Registrations,
    Reservation,
    ReservationError,
    ask_units,
    hookimpl,
)
from opensvc_scsi_sg import parse_mpath
from opensvc_scsi_sg.attempts import change, read, unable
from opensvc_scsi_sg.choice import Choice
from opensvc_scsi_sg.exits import mpath_failure
from opensvc_scsi_sg.sg_persist import TYPE, SgPersist, warn_of_no_abort
from opensvc_scsi_sg.units import identify

TOO_OLD = (0, 7, 8)
"""The last version whose ``reservation_key file`` cannot be relied on (agent 2.1)."""


class MpathPersist:
    """Multipath maps that have a ``reservation_key`` in ``multipath.conf``.

    The tool takes the map and sends each command to the paths that need it; multipathd registers paths that return.
    """

    commands: ClassVar[tuple[str, ...]] = ("mpathpersist", "multipath", "sg_persist")

    def __init__(self, choice: Choice | None = None) -> None:
        self._choice = choice or Choice()
        self._by_path = SgPersist(self._choice)

    @hookimpl
    def claims(self, device: Device, context: Context) -> bool | None:
        """Multipath maps of Linux with a configured key, and the disks that are their paths."""
        if context.node.os_name != "Linux" or device.kind == "network":
            return None
        return True if self._choice.is_mpathpersist(device) else None

    @hookimpl
    def identify(
        self, devices: Sequence[Device], context: Context
    ) -> Iterable[tuple[Device, LogicalUnit | ReservationError]]:
        """Identity and paths, from ``/sys``; an error for all where multipath-tools are missing or too old."""
        return tuple(self._identify(devices, context))

    def _identify(
        self, devices: Sequence[Device], context: Context
    ) -> Iterator[tuple[Device, LogicalUnit | ReservationError]]:
        try:
            # Older ones end with status 1 after the same words.
            version = parse_mpath.parse_version(context.query("multipath", "-h", check=False).stderr)
        except CommandError as error:
            yield from ((device, unable(error, device.path)) for device in devices)
            return
        for device, answer in identify(devices, self._choice.sysfs):
            if version is not None and version <= TOO_OLD and self._choice.key_setting(device) == "file":
                yield device, _too_old(device, version)
            else:
                yield device, answer

    @hookimpl
    def read_registrations(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterable[tuple[LogicalUnit, Registrations | ReservationError]]:
        """Registered keys, all units side by side."""
        argv = ("mpathpersist", "--in", "--read-keys")
        parse = parse_mpath.parse_registrations
        return ask_units(units, lambda unit: read(context, argv, self._map(unit), mpath_failure, parse))

    @hookimpl
    def read_holder(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterable[tuple[LogicalUnit, Reservation | ReservationError]]:
        """Reservations, all units side by side."""
        argv = ("mpathpersist", "--in", "--read-reservation")
        parse = parse_mpath.parse_reservation
        return ask_units(units, lambda unit: read(context, argv, self._map(unit), mpath_failure, parse))

    @hookimpl
    def register(self, unit: LogicalUnit, key: int, context: Context) -> Outcome:
        """Register on every path, whatever key was there before."""
        self._change(unit, context, "--register-ignore", f"--param-sark={key:#x}")
        return Outcome.changed(f"registered on {len(unit.paths)} paths")

    @hookimpl
    def unregister(self, unit: LogicalUnit, key: int, context: Context) -> Outcome:
        """Remove this key from every path, and from what multipathd registers anew."""
        self._change(unit, context, "--register-ignore", f"--param-rk={key:#x}", "--param-sark=0")
        return Outcome.changed()

    @hookimpl
    def reserve(self, unit: LogicalUnit, key: int, context: Context) -> Outcome:
        """Reserve. Raises ``conflict`` if another node holds it."""
        self._change(unit, context, "--reserve", f"--param-rk={key:#x}", TYPE)
        return Outcome.changed()

    @hookimpl
    def release(self, unit: LogicalUnit, key: int, context: Context) -> Outcome:
        """Give the reservation up through every path, with ``sg_persist``.

        Not with ``mpathpersist --release``: where a reservation is still there afterwards, as when another node holds
        it, that clears the disk of all nodes' registrations, registers this node anew and ends with status 0 (seen
        with 0.9.4 and LIO).
        """
        return self._by_path.release(unit, key, context)

    @hookimpl
    def preempt(self, unit: LogicalUnit, key: int, victim: int, context: Context) -> Outcome:
        """Preempt and abort; without the abort only where the device says that it does not know it."""
        keys = (f"--param-sark={victim:#x}", f"--param-rk={key:#x}", TYPE)
        try:
            self._change(unit, context, "--preempt-abort", *keys)
        except ReservationError as error:
            if error.code != "not_supported":
                raise
            warn_of_no_abort(unit, context)
            self._change(unit, context, "--preempt", *keys)
        return Outcome.changed()

    @hookimpl
    def clear(self, unit: LogicalUnit, key: int, context: Context) -> Outcome:
        """Remove every registration and the reservation."""
        self._change(unit, context, "--clear", f"--param-rk={key:#x}")
        return Outcome.changed()

    def _map(self, unit: LogicalUnit) -> str:
        return self._choice.map_file(unit.device)

    def _change(self, unit: LogicalUnit, context: Context, *words: str) -> None:
        change(context, ("mpathpersist", "--out", *words), self._map(unit), mpath_failure)


def _too_old(device: Device, version: tuple[int, int, int]) -> ReservationError:
    return ReservationError(
        f"{device.path}: multipath-tools {'.'.join(map(str, version))} do not keep reservation keys reliably",
        code="not_supported",
        hint="install 0.7.9 or later, or take `reservation_key` out of multipath.conf: sg_persist is used then",
    )
