"""Containers of LXC: what the shared life cycle asks of a platform."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

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
from opensvc_drivers_lxc.attach import AttachedGuest
from opensvc_drivers_lxc.autostart import forbid_autostart
from opensvc_drivers_lxc.config import Configuration, ConfigurationError, parse_lines, read_configuration
from opensvc_drivers_lxc.disks import list_disks
from opensvc_drivers_lxc.tools import Lxc, trouble_with

ATTACH, SSH = "attach", "ssh"
USUAL_PATH = "/var/lib/lxc"
SYSTEM_SETTINGS = Path("/etc/lxc/lxc.conf")
OF_THE_PACKAGE = Path("/usr/share")
"""Includes below here came with LXC: peers have their own."""


class LxcPlatform:
    """Does what LXC does, through its tools."""

    # -- state ------------------------------------------------------------------------------------------------------

    def list_states(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, GuestState]]:
        """One call for each folder of containers that the resources name."""
        by_path: dict[str, dict[str, list[ResourceId]]] = {}
        for resource in resources:
            by_path.setdefault(lxcpath(resource), {}).setdefault(guest_name(resource), []).append(resource.id)
        for path, by_name in by_path.items():
            for name, state in Lxc(path, context).states(list(by_name)):
                yield from ((resource_id, state) for resource_id in by_name[name])

    def read_state(self, resource: Resource, context: Context, *, in_full: bool = False) -> GuestState:
        """One call about this container alone, so that no other one can delay it."""
        del in_full  # it always is
        return Lxc(lxcpath(resource), context).state(guest_name(resource))

    # -- change -----------------------------------------------------------------------------------------------------

    def define(self, resource: Resource, state: GuestState, context: Context) -> str:
        """Nothing: a container is defined by its folder, which the service's disks or replication bring here."""
        del context
        if not state.is_known:
            raise ConfigurationError(
                f"{guest_name(resource)} is not defined in LXC: {config_path(resource)} is not there",
                hint="bring the container's folder there, or name the one it is in with `lxcpath`",
            )
        return ""

    def forbid_autostart(self, resource: Resource, context: Context) -> None:
        """``lxc.start.auto = 0`` in the container's own file."""
        configuration = _read(resource)
        if configuration is None:
            raise ActionError(
                f"LXC would start {guest_name(resource)} by itself, and {config_path(resource)} is not there",
                code="autostart",
            )
        forbid_autostart(configuration, context)

    def boot(self, resource: Resource, timeout: float, context: Context) -> CommandResult:
        """``lxc-start -d``. An ``lxc-start`` that is killed does not end the start: the monitor may go on with it."""
        return Lxc(lxcpath(resource), context).start(guest_name(resource), start_log(resource, context), timeout)

    def stop_softly(self, resource: Resource, timeout: float, context: Context) -> CommandResult:
        """``lxc-stop --nokill``."""
        return Lxc(lxcpath(resource), context).stop_softly(guest_name(resource), timeout)

    def stop_by_force(self, resource: Resource, context: Context) -> CommandResult:
        """``lxc-stop -k``."""
        name = guest_name(resource)
        if problem := trouble_with(name):
            raise ActionError(problem, code="ambiguous_name")
        return Lxc(lxcpath(resource), context).stop_by_force(name)

    # -- facts ------------------------------------------------------------------------------------------------------

    def list_devices(self, resource: Resource, context: Context) -> Sequence[Device]:
        """What the configuration names.

        Raises:
            ActionError: there is none, or it cannot be read.
        """
        del context
        configuration = _read(resource)
        if configuration is None:
            raise ActionError(
                f"cannot tell the disks of {guest_name(resource)}: {config_path(resource)} is not there",
                code="devices_unknown",
            )
        return list_disks(configuration)

    def list_files(self, resource: Resource, context: Context) -> Sequence[Path]:
        """The configuration, what it includes and its table of mounts; not what came with LXC."""
        del context
        configuration = _read(resource)
        if configuration is None:
            return ()
        table = configuration.last("lxc.mount.fstab")
        files = [*configuration.files, *([Path(table)] if table and Path(table).exists() else [])]
        return tuple(dict.fromkeys(file for file in files if not file.is_relative_to(OF_THE_PACKAGE)))

    def inventory(self, resources: Sequence[Resource], context: Context) -> Iterator[InventoryItem]:
        """Processors and memory where the configuration limits them, and its disks; no command is needed."""
        for resource in resources:
            try:
                configuration = _read(resource)
            except ConfigurationError as error:
                context.note(error.message, error.code)
                continue
            if configuration is not None:
                yield InventoryItem(resource.id, "vcpus", configuration.vcpus or None)
                yield InventoryItem(resource.id, "memory", configuration.memory or None)
                try:
                    yield InventoryItem(resource.id, "disks", list_disks(configuration))
                except ConfigurationError as error:
                    context.note(error.message, error.code)

    def is_reached_by_network(self, resource: Resource) -> bool:
        """``lxc-attach`` needs no network."""
        return resource.text("access") == SSH

    def open_guest(self, resource: Resource, context: Context) -> Host:
        """``lxc-attach``, or ssh with the host keys that are pinned for the service where ``access`` says so."""
        if resource.text("access") == SSH:
            return SshGuest(context, guest_address(resource), context.known_hosts(resource.id.service))
        return AttachedGuest(context, lxcpath(resource), guest_name(resource))


def lxcpath(resource: Resource) -> str:
    """The folder of containers, without a slash at its end."""
    path = resource.text("lxcpath") or _system_path()
    return path.rstrip("/") or "/"


def _system_path() -> str:
    """What LXC's own tools would take: read anew each time, as an agent may run for long."""
    try:
        settings = dict(parse_lines(SYSTEM_SETTINGS.read_text(errors="replace")))
    except OSError:
        return USUAL_PATH
    return settings.get("lxc.lxcpath") or USUAL_PATH


def config_path(resource: Resource) -> Path:
    """The container's configuration, whether it exists or not."""
    return Path(lxcpath(resource), guest_name(resource), "config")


def root_folder(resource: Resource) -> Path | None:
    """The folder that is the container's root; None where that is on a disk of its own, layered, or not told."""
    configuration = _read(resource)
    value = "" if configuration is None else configuration.last("lxc.rootfs.path").removeprefix("dir:")
    return Path(value) if value.startswith("/") and Path(value).is_dir() else None


def start_log(resource: Resource, context: Context) -> Path:
    """Where LXC writes what goes wrong in a start, and later on."""
    return context.node.folders.log / f"{resource.id.service}.{resource.rid.replace('#', '')}.lxc.log"


def _read(resource: Resource) -> Configuration | None:
    if problem := trouble_with(guest_name(resource)):
        raise ConfigurationError(problem)
    return read_configuration(config_path(resource))
