"""The installed reservation backends behind one door: each disk is spoken to by the backend that claims it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from attrs import define, field

from opensvc_core.dispatcher import Plugins
from opensvc_core.errors import DriverContractError, DriverError, OpenSVCError, ReservationError
from opensvc_core.hookspecs import ReservationHooks
from opensvc_core.model import Device, LogicalUnit, Outcome, Registrations, Reservation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opensvc_core.context import Context

PRIMITIVES = ("register", "unregister", "reserve", "release", "preempt", "clear")


@define
class ReservationBackends(Plugins):
    """Calls the hooks of reservation backends; see ``opensvc_core.reservation_units.Backends``."""

    _claimed: dict[str, str] = field(factory=dict, init=False)

    SPECIFICATIONS: ClassVar[tuple[type, ...]] = (ReservationHooks,)
    REQUIRED: ClassVar[tuple[str, ...]] = ("claims", "identify", "read_registrations", "read_holder", *PRIMITIVES)
    KIND: ClassVar[str] = "reservation backend"

    @property
    def names(self) -> tuple[str, ...]:
        """Installed backends, in the order in which they are asked whether a disk is theirs."""
        return self.registry.names

    def identify(
        self, devices: Sequence[Device], context: Context
    ) -> Iterator[tuple[Device, LogicalUnit | ReservationError]]:
        """Units of devices; an error for one that no backend claims or that cannot be reserved."""
        by_backend: dict[str, list[Device]] = {}
        for device in devices:
            backend, why = self._backend_of(device, context)
            if backend:
                by_backend.setdefault(backend, []).append(device)
            else:
                yield device, ReservationError(why, code="not_supported", hint="osvc driver check")
        for backend, theirs in by_backend.items():
            for device, answer in self._ask("identify", backend, theirs, context, devices=theirs):
                if isinstance(answer, LogicalUnit):
                    self._claimed[answer.identity] = backend
                yield device, answer

    def _backend_of(self, device: Device, context: Context) -> tuple[str, str]:
        """Name of the backend that claims a device, or why there is none."""
        problems = []
        for name in self.names:
            try:
                if self.hook("claims", name)(device=device, context=context):
                    return name, ""
            except DriverError as error:
                problems.append(error.message)
        return "", "; ".join(problems) or f"no reservation backend ({', '.join(self.names)}) handles such a disk"

    def read_registrations(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterator[tuple[LogicalUnit, Registrations | ReservationError]]:
        """Registered keys."""
        yield from self._read("read_registrations", units, context)

    def read_holder(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterator[tuple[LogicalUnit, Reservation | ReservationError]]:
        """Reservations."""
        yield from self._read("read_holder", units, context)

    def change(self, primitive: str, unit: LogicalUnit, context: Context, **keys: int) -> None:
        """One primitive on one unit. Raises ReservationError, ActionError and what else the backend raises."""
        given = self.hook(primitive, self._claimed[unit.identity])(unit=unit, context=context, **keys)
        if not isinstance(given, Outcome):
            raise DriverContractError(
                f"reservation backend {self._claimed[unit.identity]}: `{primitive}` gave {given!r} for an Outcome"
            )

    def _read(self, hook: str, units: Sequence[LogicalUnit], context: Context) -> Iterator[tuple[LogicalUnit, Any]]:
        by_backend: dict[str, list[LogicalUnit]] = {}
        for unit in units:
            by_backend.setdefault(self._claimed[unit.identity], []).append(unit)
        for backend, theirs in by_backend.items():
            yield from self._ask(hook, backend, theirs, context, units=theirs)

    def _ask(
        self, hook: str, backend: str, items: Sequence[Any], context: Context, **arguments: Any
    ) -> Iterator[tuple[Any, Any]]:
        """Call a batched hook; whatever goes wrong is the answer for what was not answered yet."""
        missing = list(items)
        problem = ReservationError(f"reservation backend {backend}: no answer", code="failed")
        try:
            for item, answer in self.hook(hook, backend)(context=context, **arguments) or ():
                if item in missing:
                    missing.remove(item)
                yield item, answer
        except OpenSVCError as error:
            problem = ReservationError(error.message, code="failed", hint=error.hint)
        except Exception as error:  # noqa: BLE001 - a backend's bug is an answer that could not be given
            problem = ReservationError(f"reservation backend {backend}: {error!r}", code="failed")
        for item in missing:
            yield item, problem
