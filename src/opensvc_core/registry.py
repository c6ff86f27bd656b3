"""Which drivers are installed, and the loading of one by name. The only place that knows stevedore."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from opensvc_core.config.distributions import missing_driver_hint
from opensvc_core.errors import DriverConflict, DriverContractError, DriverLoadError, DriverNotFound

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

DRIVERS = "opensvc.drivers"
RESERVATIONS = "opensvc.reservations"
OBSERVERS = "opensvc.observers"


@frozen
class Listing:
    """An entry point of a driver, unloaded.

    Attributes:
        id: driver id.
        distribution: name of the package that gives it.
        version: of that package.
        entry_point: ``package.module:Class``.
    """

    id: str
    distribution: str
    version: str
    entry_point: str


@define
class Registry:
    """Entry points of one group.

    Attributes:
        group: entry-point group.
        disabled: ids that are treated as not installed (``$OSVC_DISABLED_DRIVERS``).
        api_version: what a loaded class may be made for.
    """

    group: str = DRIVERS
    disabled: Collection[str] = ()
    api_version: int = 1
    _found: dict[str, list[EntryPoint]] | None = field(default=None, repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Ids of all that is installed, sorted, each once; no distribution's metadata is read for it."""
        return tuple(sorted(self._entries()))

    def listings(self) -> list[Listing]:
        """Everything installed, sorted by id, nothing imported; an id that two distributions give stands twice."""
        return sorted(
            (self._listing(entry) for entries in self._entries().values() for entry in entries),
            key=lambda listing: (listing.id, listing.distribution),
        )

    def has(self, name: str) -> bool:
        """Whether some distribution gives that id."""
        return name in self._entries()

    def load(self, name: str) -> type[Any]:
        """Import the class of one driver, and nothing else.

        Raises:
            DriverNotFound: not installed; the hint says what to install.
            DriverConflict: two distributions give it; names both.
            DriverLoadError: its import fails, or it is made for another API version.
            DriverContractError: the entry point is not a class.
        """
        entries = self._entries().get(name, [])
        if not entries:
            raise DriverNotFound(f"driver {name} is not installed", hint=self.install_hint(name))
        listings = sorted((self._listing(entry) for entry in entries), key=lambda listing: listing.distribution)
        if len(listings) > 1:
            both = " and ".join(f"{listing.distribution} {listing.version}" for listing in listings)
            raise DriverConflict(f"driver {name} is given by {both}", hint="uninstall one of them")
        loaded = self._load_entry(name, entries)
        where = f"driver {name} ({listings[0].entry_point} of {listings[0].distribution})"
        if not isinstance(loaded, type):
            raise DriverContractError(f"{where}: the entry point is not a class")
        made_for = getattr(loaded, "api_version", self.api_version)
        if made_for != self.api_version:
            raise DriverLoadError(
                f"{where} is made for API version {made_for}, this core has {self.api_version}",
                hint=f"upgrade {listings[0].distribution} or opensvc-core",
            )
        return loaded

    def install_hint(self, name: str) -> str:
        """What to do about a driver that is missing."""
        if name in self.disabled:
            return f"it is switched off by OSVC_DISABLED_DRIVERS; take {name} out of it"
        return missing_driver_hint(name)

    def _load_entry(self, name: str, entries: Iterable[EntryPoint]) -> Any:
        from stevedore import ExtensionManager, NamedExtensionManager

        # Handed over by hand, stevedore neither reads nor writes its cache in the home of whoever runs us.
        ExtensionManager.ENTRY_POINT_CACHE[self.group] = list(entries)
        failures: list[BaseException] = []
        extensions: Any = {}
        try:
            extensions = NamedExtensionManager(
                self.group,
                [name],
                invoke_on_load=False,
                on_load_failure_callback=lambda _manager, _entry, error: failures.append(error),
                on_missing_entrypoints_callback=lambda _names: None,
            )
        except (AssertionError, SystemExit) as error:  # stevedore lets these two of a driver's module pass
            failures.append(error)
        if failures:
            listing = self._listing(next(iter(entries)))
            raise DriverLoadError(
                f"driver {name} ({listing.entry_point} of {listing.distribution}) failed to load: "
                f"{type(failures[0]).__name__}: {failures[0]}",
                hint="mend or uninstall its distribution; `osvc driver check` shows all that fail",
            ) from failures[0]
        return extensions[name].plugin

    def _entries(self) -> dict[str, list[EntryPoint]]:
        if self._found is None:
            found: dict[str, list[EntryPoint]] = {}
            for entry in entry_points(group=self.group):
                same = found.setdefault(entry.name, [])
                # An editable install and a leftover of the same distribution are one.
                if all(self._listing(entry).distribution != self._listing(other).distribution for other in same):
                    same.append(entry)
            for name in self.disabled:
                found.pop(name, None)
            # Whole before it is seen: to another thread what is missing would not be installed.
            self._found = found
        return self._found

    @staticmethod
    def _listing(entry: EntryPoint) -> Listing:
        dist = entry.dist
        return Listing(entry.name, dist.name if dist else "?", dist.version if dist else "?", entry.value)
