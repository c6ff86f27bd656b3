"""One call of one driver's hook. The only place that knows pluggy's manager."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, Protocol

import pluggy
from attrs import define, field

from opensvc_core.config.keywords import DriverInfo
from opensvc_core.config.sections import default_phase
from opensvc_core.contract import check_answer, check_description, check_item, check_outcome, collect
from opensvc_core.errors import ActionError, DriverContractError, DriverError, OpenSVCError
from opensvc_core.hookspecs import DriverHooks, ObserverHooks
from opensvc_core.model import (
    Device,
    InventoryItem,
    Outcome,
    Resource,
    ResourceId,
    StatusReport,
    Veto,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from opensvc_core.channel import ChannelEnd
    from opensvc_core.context import Context
    from opensvc_core.events import Event
    from opensvc_core.host import Host
    from opensvc_core.registry import Registry
    from opensvc_core.replication import Copy, Transfer

REQUIRED_HOOKS = ("start", "stop", "status")
MIGRATION_HOOKS = ("migrate", "admit", "join", "leave", "settle", "stay")
"""Hooks of a migration: each takes a resource, the other node's name and a context, and gives an Outcome."""


@define
class Plugins:
    """Classes behind entry points of one group: each that was asked for is loaded once and held against its hooks.

    Attributes:
        registry: where they come from.
        policies: wrappers around every hook: timing, tracing.
    """

    registry: Registry
    policies: Sequence[object] = ()
    _plugins: pluggy.PluginManager = field(init=False)
    _drivers: dict[str, object] = field(factory=dict, init=False)
    _broken: dict[str, DriverError] = field(factory=dict, init=False)
    _guard: threading.RLock = field(factory=threading.RLock, init=False)

    SPECIFICATIONS: ClassVar[tuple[type, ...]] = ()
    REQUIRED: ClassVar[tuple[str, ...]] = ()
    KIND: ClassVar[str] = "plugin"

    def __attrs_post_init__(self) -> None:
        """Make the manager and register policies."""
        self._plugins = pluggy.PluginManager("opensvc")
        for specification in self.SPECIFICATIONS:
            self._plugins.add_hookspecs(specification)
        for plugin in self.policies:
            self._plugins.register(plugin)

    def driver(self, name: str) -> object:
        """The instance of that id, loaded and checked at the first call.

        Raises:
            DriverError: not installed, fails to load, conflicts, or breaks the contract of a hook.
        """
        with self._guard:
            if name in self._broken:
                raise self._broken[name]
            if name not in self._drivers:
                try:
                    self._drivers[name] = self._register(name)
                except DriverError as error:
                    self._broken[name] = error
                    raise
            return self._drivers[name]

    def _register(self, name: str) -> object:
        loaded = self.registry.load(name)
        try:
            driver: object = loaded()
        except Exception as error:  # a constructor of a third party may raise anything
            raise DriverContractError(f"{self.KIND} {name}: {loaded.__name__}() failed: {error!r}") from error
        try:
            self._plugins.register(driver, name=name)
            self._plugins.check_pending()
        except pluggy.PluginValidationError as error:
            # A half-registered driver would make every later one fail too.
            if self._plugins.has_plugin(name):
                self._plugins.unregister(name=name)
            raise DriverContractError(
                f"{self.KIND} {name}: {error}", hint="compare it with the hooks in docs/reference"
            ) from error
        callers = {caller.name for caller in self._plugins.get_hookcallers(driver) or ()}
        missing = [hook for hook in self.REQUIRED if hook not in callers]
        if missing:
            self._plugins.unregister(name=name)
            raise DriverContractError(
                f"{self.KIND} {name}: lacks the hook {', '.join(missing)}", hint="decorate the method with @hookimpl"
            )
        return driver

    def hook(self, hook: str, name: str) -> pluggy.HookCaller:
        """The caller of one hook of one of them, wrapped by the policies. Raises DriverError."""
        mine = self.driver(name)
        with self._guard:
            others = [driver for driver in self._drivers.values() if driver is not mine]
            return self._plugins.subset_hook_caller(hook, remove_plugins=others)

    def has_hook(self, hook: str, name: str) -> bool:
        """Whether one of them implements a hook. Raises DriverError."""
        driver = self.driver(name)
        return any(caller.name == hook for caller in self._plugins.get_hookcallers(driver) or ())


class EventSink(Protocol):
    """Takes events."""

    def observe(self, event: Event) -> None:
        """Something happened. Raises nothing."""
        ...


@define
class Dispatcher(Plugins):
    """Calls the hooks of drivers.

    Attributes:
        observers: see events.
        reach_installed: gives what tells the installed observers, at the first event; ``None`` to tell none.
    """

    observers: Sequence[object] = ()
    reach_installed: Callable[[], EventSink] | None = None
    _installed: EventSink | None = field(default=None, init=False)

    SPECIFICATIONS: ClassVar[tuple[type, ...]] = (DriverHooks, ObserverHooks)
    REQUIRED: ClassVar[tuple[str, ...]] = REQUIRED_HOOKS
    KIND: ClassVar[str] = "driver"

    def __attrs_post_init__(self) -> None:
        """Make the manager, register policies and observers."""
        super().__attrs_post_init__()
        for plugin in self.observers:
            self._plugins.register(plugin)

    def describe(self, name: str) -> DriverInfo | None:
        """What configuration needs of a driver; ``None`` if it is not installed. Raises DriverError if it is broken."""
        if not self.registry.has(name):
            return None
        return check_description(name, self.driver(name), default_phase(name))

    # -- hooks ----------------------------------------------------------------------------------------------------

    def start(self, resource: Resource, context: Context) -> Outcome:
        """Call ``start``. Raises what the driver raises, and DriverContractError if it gives no Outcome."""
        given = self.hook("start", resource.driver)(resource=resource, context=context)
        return check_outcome("start", resource, given)

    def stop(self, resource: Resource, context: Context) -> Outcome:
        """Call ``stop``. Raises what the driver raises, and DriverContractError if it gives no Outcome."""
        given = self.hook("stop", resource.driver)(resource=resource, context=context)
        return check_outcome("stop", resource, given)

    def clean(self, resource: Resource, context: Context) -> Outcome:
        """Call ``clean``; nothing to clean where the driver has none. Raises what it raises, and DriverError."""
        if not self.has_hook("clean", resource.driver):
            return Outcome.unchanged()
        given = self.hook("clean", resource.driver)(resource=resource, context=context)
        return check_outcome("clean", resource, given)

    def status(
        self, name: str, resources: Sequence[Resource], context: Context
    ) -> Iterator[tuple[ResourceId, StatusReport]]:
        """Call ``status`` and pass on each answer as it comes; whatever goes wrong makes the rest ``undef``."""
        asked = frozenset(resource.id for resource in resources)
        missing = set(asked)
        reason, code = "the driver gave no answer for it", "no_answer"
        try:
            answers = self.hook("status", name)(resources=list(resources), context=context)
            if answers is None:
                raise DriverContractError(f"driver {name}: `status` gave None")
            for answer in answers:
                resource_id, report = check_answer(name, answer, asked)
                missing.discard(resource_id)
                yield resource_id, report
        except OpenSVCError as error:
            reason, code = error.message, error.code
        except Exception as error:  # noqa: BLE001 - a driver's bug must not end what others do
            reason, code = f"driver {name}: {type(error).__name__}: {error}", "driver_bug"
        for resource_id in sorted(missing):
            yield resource_id, StatusReport.undef(reason, code)

    def inventory(self, name: str, resources: Sequence[Resource], context: Context) -> Iterator[InventoryItem]:
        """Call ``inventory`` and pass on each fact as it comes; nothing where the driver has none.

        Raises:
            OpenSVCError: as the driver raised it, or DriverContractError; what came before stands.
        """
        if not self.has_hook("inventory", name):
            return
        asked = frozenset(resource.id for resource in resources)
        try:
            for item in self.hook("inventory", name)(resources=list(resources), context=context) or ():
                yield check_item(name, item, asked)
        except OpenSVCError:
            raise
        except Exception as error:
            raise DriverContractError(f"driver {name}: `inventory` failed: {type(error).__name__}: {error}") from error

    def preflight(self, resource: Resource, action: str, context: Context) -> tuple[Veto, ...]:
        """Vetoes of a resource's driver; a driver that cannot say for a bug of its own vetoes."""
        try:
            answers = self.hook("preflight", resource.driver)(resource=resource, action=action, context=context)
        except OpenSVCError as error:
            return (Veto("preflight_failed", error.message, str(resource.id), error.hint),)
        except Exception as error:  # noqa: BLE001 - a driver's bug must not end what others do
            return (Veto("preflight_failed", f"{type(error).__name__}: {error}", str(resource.id)),)
        vetoes = []
        for veto in answers or ():
            if not isinstance(veto, Veto):
                vetoes.append(
                    Veto("preflight_failed", f"its driver gave {veto!r} where a Veto is due", str(resource.id))
                )
            else:
                vetoes.append(veto if veto.subject else Veto(
                    veto.code, veto.reason, str(resource.id), veto.hint, veto.is_liftable
                ))  # fmt: skip
        return tuple(vetoes)

    def companions(self, resource: Resource) -> tuple[Resource, ...]:
        """Resources that a driver adds. Raises DriverError."""
        hook = self.hook("companions", resource.driver)
        return collect(resource.driver, "companions", Resource, lambda: hook(resource=resource))

    def open_guest(self, container: Resource, context: Context) -> Host:
        """A host inside a guest. Raises ActionError if the driver has no way in."""
        host: Host | None = self.hook("open_guest", container.driver)(resource=container, context=context)
        if host is None:
            raise ActionError(
                f"{container.id}: its driver {container.driver} has no way into the guest", code="no_guest"
            )
        return host

    def list_devices(self, resource: Resource, context: Context) -> tuple[Device, ...]:
        """Devices of a resource; none if its driver lists none. Raises what the driver raises, and DriverError."""
        hook = self.hook("list_devices", resource.driver)
        return collect(resource.driver, "list_devices", Device, lambda: hook(resource=resource, context=context))

    def update_disks(self, resource: Resource, context: Context) -> Outcome | None:
        """Call ``update_disks``; ``None`` where the driver has none. Raises what it raises, and DriverError."""
        if not self.has_hook("update_disks", resource.driver):
            return None
        given = self.hook("update_disks", resource.driver)(resource=resource, context=context)
        return check_outcome("update_disks", resource, given)

    def list_files(self, resource: Resource, context: Context) -> tuple[Path, ...]:
        """Configuration files of a resource; none if its driver lists none. Raises what it raises, and DriverError."""
        from pathlib import Path

        hook = self.hook("list_files", resource.driver)
        return collect(resource.driver, "list_files", Path, lambda: hook(resource=resource, context=context))

    def file_roots(self, resource: Resource, context: Context) -> tuple[str, ...]:
        """What ``list_files`` of a resource may name: files, patterns of files, folders. Raises DriverError.

        The driver's class attribute ``file_roots``, with ``{var}`` and ``{etc}`` of this node, ``{service}``, and
        ``{name}``, which is that of the guest.
        """
        folders, service = context.node.folders, resource.id.service
        words = {
            "{var}": str(folders.var),
            "{etc}": str(folders.etc),
            "{service}": service,
            "{name}": str(resource.options.get("name") or service),
        }
        roots = []
        for root in getattr(self.driver(resource.driver), "file_roots", ()):
            path = str(root)
            for word, value in words.items():
                path = path.replace(word, value)
            roots.append(path)
        return tuple(roots)

    def describe_copy(self, resource: Resource, context: Context) -> Copy:
        """What a replication copies. Raises ActionError for a driver that replicates nothing, and DriverError."""
        from opensvc_core.replication import Copy

        given = self.hook("describe_copy", resource.driver)(resource=resource, context=context)
        if given is None:
            raise ActionError(f"{resource.id}: its driver {resource.driver} replicates nothing", code="no_replication")
        if not isinstance(given, Copy):
            raise DriverContractError(f"driver {resource.driver}: `describe_copy` gave {given!r} where a Copy is due")
        return given

    def replicate(self, resource: Resource, transfer: Transfer, context: Context) -> Outcome:
        """Call ``replicate``. Raises what the driver raises, and DriverContractError if it gives no Outcome."""
        given = self.hook("replicate", resource.driver)(resource=resource, transfer=transfer, context=context)
        return check_outcome("replicate", resource, given)

    def clear_away(self, resource: Resource, context: Context) -> Outcome:
        """Call ``clear_away``; a driver without it leaves nothing. Raises what the driver raises, and DriverError."""
        if not self.has_hook("clear_away", resource.driver):
            return Outcome.unchanged()
        given = self.hook("clear_away", resource.driver)(resource=resource, context=context)
        return check_outcome("clear_away", resource, given)

    def migration_hooks(self, name: str) -> frozenset[str]:
        """The hooks of a migration that a driver has. Raises DriverError."""
        return frozenset(hook for hook in MIGRATION_HOOKS if self.has_hook(hook, name))

    def hand_over(self, hook: str, resource: Resource, context: Context) -> Outcome:
        """Call a hook of a migration, with ``context.peer`` as the other node.

        Raises:
            ActionError: ``not_migratable``: its driver does not have that hook; what the driver raises.
            DriverContractError: it gives no Outcome.
        """
        if hook not in MIGRATION_HOOKS or not self.has_hook(hook, resource.driver):
            raise ActionError(f"{resource.id}: its driver {resource.driver} cannot {hook}", code="not_migratable")
        if not context.peer:
            raise ActionError(f"{resource.id}: {hook} needs the other node's name", code="no_peer")
        given = self.hook(hook, resource.driver)(resource=resource, peer=context.peer, context=context)
        return check_outcome(hook, resource, given)

    def channel_end(self, resource: Resource, stream: str, folder: Path) -> ChannelEnd:
        """Call ``channel_end``. Raises ActionError ``not_migratable`` where the driver has none, what it raises."""
        end: ChannelEnd | None = None
        if self.has_hook("channel_end", resource.driver):
            end = self.hook("channel_end", resource.driver)(resource=resource, stream=stream, folder=folder)
        if end is None:
            raise ActionError(f"{resource.id}: {resource.driver} receives no guest by a channel", code="not_migratable")
        return end

    def observe(self, event: Event) -> None:
        """Tell observers; what one raises changes nothing."""
        for plugin in self.observers:
            with suppress(Exception):
                plugin.observe(event=event)  # type: ignore[attr-defined]
        with self._guard:
            if self._installed is None and self.reach_installed is not None:
                self._installed = self.reach_installed()
        if self._installed is not None:
            self._installed.observe(event)
