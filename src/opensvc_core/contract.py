"""What drivers' hooks must give back: anything else is an error that names driver, hook and what came."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from opensvc_core.config.keywords import DriverInfo, Keyword
from opensvc_core.errors import DriverContractError, OpenSVCError
from opensvc_core.model import InventoryItem, Note, Outcome, Phase, Resource, ResourceId, Status, StatusReport

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

T = TypeVar("T")


def check_description(driver_id: str, driver: object, usual_phase: Phase | None) -> DriverInfo:
    """What a driver says of itself. Raises DriverContractError."""
    keywords = getattr(driver, "keywords", ())
    if not isinstance(keywords, (tuple, list)) or not all(isinstance(keyword, Keyword) for keyword in keywords):
        raise DriverContractError(f"driver {driver_id}: `keywords` holds something that is not a Keyword")
    phase = getattr(driver, "phase", None) or usual_phase
    if phase is None:
        raise DriverContractError(
            f"driver {driver_id}: its group has no place in the default order, and it declares no `phase`"
        )
    if phase not in list(Phase):
        raise DriverContractError(f"driver {driver_id}: its `phase` is {phase!r}, which is no Phase")
    return DriverInfo(driver_id, tuple(keywords), Phase(phase))


def check_outcome(hook: str, resource: Resource, given: object) -> Outcome:
    """What ``start`` and ``stop`` give. Raises DriverContractError."""
    if isinstance(given, Outcome) and _are(Note, given.notes):
        return given
    raise DriverContractError(
        f"driver {resource.driver}: `{hook}` of {resource.id} gave {given!r} where an Outcome is due"
    )


def check_answer(driver_id: str, given: object, asked: Collection[ResourceId]) -> tuple[ResourceId, StatusReport]:
    """One answer of ``status``, for what was asked: no driver speaks for another. Raises DriverContractError."""
    match given:
        case (ResourceId() as resource_id, StatusReport(status=Status(), notes=notes) as report) if _are(Note, notes):
            if resource_id not in asked:
                raise DriverContractError(
                    f"driver {driver_id}: `status` answered for {resource_id}, which it was not asked about"
                )
            return resource_id, report
    raise DriverContractError(f"driver {driver_id}: `status` gave {given!r} where (ResourceId, StatusReport) is due")


def check_item(driver_id: str, given: object, asked: Collection[ResourceId]) -> InventoryItem:
    """One fact of ``inventory``, of what was asked, as its name means it. Raises DriverContractError."""
    if not isinstance(given, InventoryItem) or not given.name:
        raise DriverContractError(f"driver {driver_id}: `inventory` gave {given!r} where an InventoryItem is due")
    if given.id not in asked:
        raise DriverContractError(
            f"driver {driver_id}: `inventory` answered for {given.id}, which it was not asked about"
        )
    from opensvc_core.inventory.fact_names import trouble_with_fact  # a status needs none

    if problem := trouble_with_fact(given.name, given.value):
        raise DriverContractError(f"driver {driver_id}: `inventory` of {given.id}: {given.name} {problem}")
    return given


def collect(driver_id: str, hook: str, kind: type[T], call: Callable[[], object]) -> tuple[T, ...]:
    """What a hook gives that lists things; ``None`` is none.

    Raises:
        DriverContractError: it gave something else, or failed by a bug of its own.
        OpenSVCError: as the driver raised it.
    """
    try:
        given = call()
    except OpenSVCError:
        raise
    except Exception as error:
        raise DriverContractError(f"driver {driver_id}: `{hook}` failed: {type(error).__name__}: {error}") from error
    if given is None:
        return ()
    if isinstance(given, (tuple, list)) and _are(kind, given):
        return tuple(given)
    raise DriverContractError(f"driver {driver_id}: `{hook}` gave {given!r} where a sequence of {kind.__name__} is due")


def _are(kind: type[object], given: object) -> bool:
    return isinstance(given, (tuple, list)) and all(isinstance(each, kind) for each in given)
