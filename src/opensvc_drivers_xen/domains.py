"""Guests as domains of Xen: what the shared life cycle asks of a platform."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import evolve

from opensvc_core.api import (
    ActionError,
    CommandResult,
    Context,
    Device,
    GuestState,
    Host,
    InventoryItem,
    Resource,
    ResourceId,
    SshGuest,
    guest_address,
    guest_name,
)
from opensvc_drivers_xen.autostart import autostart_entry, forbid_autostart
from opensvc_drivers_xen.disks import held_disks, list_disks
from opensvc_drivers_xen.inventory import domain_items, merge_disks
from opensvc_drivers_xen.parse import parse_disks
from opensvc_drivers_xen.settings import SettingsError, read_settings
from opensvc_drivers_xen.toolstack import CHANGE_LIMIT, FORCE_LIMIT, XL, XM, Toolstack, trouble_with

AUTO = "auto"
FOLDER = Path("/etc/xen")


class XenPlatform:
    """Does what Xen does, through its toolstack."""

    # -- state ------------------------------------------------------------------------------------------------------

    def list_states(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, GuestState]]:
        """One call for each toolstack that the resources name; one more for what is not in its list."""
        by_tools: dict[tuple[str, ...], dict[str, list[Resource]]] = {}
        for resource in resources:
            by_tools.setdefault(_tools(resource), {}).setdefault(guest_name(resource), []).append(resource)
        for tools, by_name in by_tools.items():
            for name, state in Toolstack(tools, context).states(list(by_name)):
                yield from ((resource.id, _with_autostart(state, resource)) for resource in by_name[name])

    def read_state(self, resource: Resource, context: Context, *, in_full: bool = False) -> GuestState:
        """The same for one, who is asked for by its name when it is not in the list."""
        del in_full  # it always is
        return _with_autostart(toolstack_of(resource, context).state(guest_name(resource)), resource)

    # -- change -----------------------------------------------------------------------------------------------------

    def define(self, resource: Resource, state: GuestState, context: Context) -> str:
        """Nothing: a domain is made of its file when it is started. The file must be this guest's."""
        del state
        name, path = guest_name(resource), config_path(resource)
        if problem := trouble_with(name):
            raise ActionError(problem, code="ambiguous_name")
        try:
            settings = read_settings(path)
        except SettingsError as error:
            # A file of xm may be a program; whether it is good, the toolstack says.
            context.note(f"{error.message}: that it is the file of {name} is not checked", error.code)
            return ""
        if settings is not None and settings.text("name") not in {"", name}:
            raise SettingsError(
                f"{path} is the configuration of {settings.text('name')!r}, and the service's guest is {name!r}",
                hint="mend `name` in the service file, or in the configuration",
            )
        return ""

    def forbid_autostart(self, resource: Resource, context: Context) -> None:
        """The link in /etc/xen/auto is taken away."""
        if entry := autostart_entry(guest_name(resource), config_path(resource)):
            forbid_autostart(entry, context)

    def boot(self, resource: Resource, timeout: float, context: Context) -> CommandResult:
        """``xl create``. One that is killed in the middle may leave a domain behind that is paused."""
        path = str(config_path(resource))
        return toolstack_of(resource, context).change("create", path, timeout=timeout, leaves_daemons=True)

    def stop_softly(self, resource: Resource, timeout: float, context: Context) -> CommandResult:
        """``xl shutdown -F``: by the guest's drivers for Xen, and by the ACPI power button where it has none."""
        name, tools = guest_name(resource), toolstack_of(resource, context)
        return tools.attempt("shutdown", "-F", name, xm=("shutdown", name), timeout=min(CHANGE_LIMIT, timeout))

    def stop_by_force(self, resource: Resource, context: Context) -> CommandResult:
        """``xl destroy``."""
        name = guest_name(resource)
        if problem := trouble_with(name):
            raise ActionError(problem, code="ambiguous_name")
        return toolstack_of(resource, context).attempt("destroy", name, timeout=FORCE_LIMIT)

    # -- facts ------------------------------------------------------------------------------------------------------

    def list_devices(self, resource: Resource, context: Context) -> Sequence[Device]:
        """What the configuration names, and what a running domain holds beside it.

        Raises:
            ActionError: there is neither, or it cannot be read.
        """
        name, path = guest_name(resource), config_path(resource)
        settings = read_settings(path)
        held = None
        if not trouble_with(name):
            answer = toolstack_of(resource, context).query("list", "-l", name)
            held = parse_disks(answer.stdout) if answer.rc == 0 and answer.argv[0] == XL else None
        if settings is None and held is None:
            raise ActionError(
                f"cannot tell the disks of {name}: {path} is not there, and it does not run", code="devices_unknown"
            )
        wanted = [] if settings is None else list_disks(settings.words("disk"), str(path))
        return merge_disks(wanted, held_disks(held or []))

    def list_files(self, resource: Resource, context: Context) -> Sequence[Path]:
        """The configuration, if it exists."""
        del context
        path = config_path(resource)
        return (path,) if path.exists() else ()

    def inventory(self, resources: Sequence[Resource], context: Context) -> Iterator[InventoryItem]:
        """As Xen lists the guests, or as the configuration of one that does not run has it."""
        by_tools: dict[tuple[str, ...], list[Resource]] = {}
        for resource in resources:
            by_tools.setdefault(_tools(resource), []).append(resource)
        for tools, members in by_tools.items():
            yield from domain_items(tools, members, context, config_path)

    def is_reached_by_network(self, resource: Resource) -> bool:
        """There is no other way into a guest of Xen."""
        del resource
        return True

    def open_guest(self, resource: Resource, context: Context) -> Host:
        """By ssh, with the host keys that are pinned for the service."""
        return SshGuest(context, guest_address(resource), context.known_hosts(resource.id.service))


def toolstack_of(resource: Resource, context: Context) -> Toolstack:
    """The commands that run a resource's guest."""
    return Toolstack(_tools(resource), context)


def config_path(resource: Resource) -> Path:
    """The guest's configuration file, whether it exists or not."""
    if path := resource.text("config"):
        return Path(path)
    usual, old = FOLDER / f"{guest_name(resource)}.cfg", FOLDER / guest_name(resource)
    return old if old.is_file() and not usual.exists() else usual


def _tools(resource: Resource) -> tuple[str, ...]:
    word = resource.text("toolstack") or AUTO
    return (XL, XM) if word == AUTO else (word,)


def _with_autostart(state: GuestState, resource: Resource) -> GuestState:
    return evolve(state, is_autostarted=autostart_entry(guest_name(resource), config_path(resource)) is not None)
