"""What the configuration knows of the drivers that one file names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import field, frozen

from opensvc_core.config.distributions import missing_driver_hint
from opensvc_core.config.keywords import DriverInfo, Keyword
from opensvc_core.config.resource_keywords import RESOURCE_KEYWORDS, SCSI_RESERVATION, VOLUME_GROUP_TYPE
from opensvc_core.config.section_values import Vocabulary, vocabulary
from opensvc_core.config.sections import can_reserve, default_phase
from opensvc_core.errors import DriverError, DriverNotFound
from opensvc_core.model import Phase

Describe = Callable[[str], DriverInfo | None]
"""What is known of a driver by its id; ``None`` if it is not installed. Raises DriverError if it is
broken (DriverNotFound is as good as ``None``, with a hint of its own)."""

_GUEST_DRIVERS: Final = frozenset({"disk.vmdg", "ip.zone", "ip.guest"})
_VOLUME_GROUP_DRIVERS: Final = frozenset({"disk.lvm", "disk.hpux_lvm", "disk.veritas"})


@frozen
class FoundDriver:
    """A driver as a section needs it.

    Attributes:
        id: driver id.
        keywords: what it reads; nothing if it cannot be used.
        phase: its place in the default order.
        problem: why it cannot be used here, empty if it can.
        hint: what to do about that.
        is_missing: whether no installed distribution gives it.
        known: what may stand in its sections, by name.
    """

    id: str
    keywords: tuple[Keyword, ...] = ()
    phase: Phase = Phase.APPLICATION
    problem: str = ""
    hint: str = ""
    is_missing: bool = False
    known: Vocabulary = field(factory=dict, hash=False)

    @property
    def lives_in_guest(self) -> bool:
        """Whether its resources belong to a container: what runs in the guest, and what is read off its definition."""
        return self.id in _GUEST_DRIVERS or self.phase in {Phase.GUEST_ADDRESS, Phase.APPLICATION}

    @property
    def needs_guest(self) -> bool:
        """Whether its resources make no sense in a service without a container."""
        return self.id in _GUEST_DRIVERS or self.phase is Phase.GUEST_ADDRESS


class Drivers:
    """The drivers that one file names, each asked about once.

    Args:
        describe: what is known of a driver.
    """

    def __init__(self, describe: Describe) -> None:
        self._describe = describe
        self._found: dict[str, FoundDriver] = {}

    def find(self, driver: str) -> FoundDriver:
        """What is known of a driver; one that is missing or broken is found with its problem."""
        if driver not in self._found:
            self._found[driver] = self._ask(driver)
        return self._found[driver]

    def is_installed(self, driver: str) -> bool:
        """Whether a distribution gives the driver, be it broken or not."""
        return not self.find(driver).is_missing

    def _ask(self, driver: str) -> FoundDriver:
        problem, hint, info, is_missing = "", "", None, False
        try:
            info = self._describe(driver)
        except DriverError as error:
            problem, hint, is_missing = error.message, error.hint, isinstance(error, DriverNotFound)
        if info is None and not problem:
            problem, hint, is_missing = f"driver {driver} is not installed", missing_driver_hint(driver), True
        keywords = info.keywords if info else ()
        usual = default_phase(driver)
        phase = info.phase if info else (usual if usual is not None else Phase.APPLICATION)
        shared: tuple[Keyword, ...] = RESOURCE_KEYWORDS
        if can_reserve(driver):
            shared = (*shared, SCSI_RESERVATION)
        if driver in _VOLUME_GROUP_DRIVERS:
            shared = (*shared, VOLUME_GROUP_TYPE)
        return FoundDriver(driver, keywords, phase, problem, hint, is_missing, vocabulary(keywords, shared))
