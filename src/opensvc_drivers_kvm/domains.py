"""KVM guests as domains of libvirt: what the shared life cycle asks of a platform."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import evolve

from opensvc_core.api import (
    ActionError,
    CommandResult,
    CommandTimeout,
    Context,
    Device,
    GuestState,
    Host,
    InventoryItem,
    Resource,
    ResourceId,
    Severity,
    SshGuest,
    flag_disk,
    guest_address,
    guest_name,
    is_recovering,
)
from opensvc_drivers_kvm.definition import Definition, DefinitionError, VolumeDisk, split_definitions
from opensvc_drivers_kvm.guest_agent import GuestAgent
from opensvc_drivers_kvm.inventory import DomainInventory, merge_disks
from opensvc_drivers_kvm.virsh import AGENT_LIMIT, DOMAIN_LIMIT, FORCE_LIMIT, Virsh, ambiguity

SYSTEM_URI = "qemu:///system"
DEFINITIONS = Path("/etc/libvirt/qemu")
"""Where the libvirt of the system keeps definitions; replication brings those of the peers there."""
DEFINITION_LIMIT = 4 << 20
"""Bytes of the largest definition that is read."""
AGENT_GONE = "End of file from agent socket"
"""What virsh says, with status 1, where the guest lost its power before its agent's answer came (seen, libvirt 9.0)."""


class LibvirtPlatform:
    """Does what KVM does, through ``virsh``."""

    # -- state ------------------------------------------------------------------------------------------------------

    def list_states(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, GuestState]]:
        """One call for each libvirt that the resources name; a stuck one does not delay the others."""
        by_uri: dict[str, dict[str, list[ResourceId]]] = {}
        for resource in resources:
            by_uri.setdefault(_uri(resource), {}).setdefault(guest_name(resource), []).append(resource.id)
        for uri, by_name in by_uri.items():
            for name, state in Virsh(uri, context).states(list(by_name)):
                yield from ((resource_id, state) for resource_id in by_name[name])

    def read_state(self, resource: Resource, context: Context, *, in_full: bool = False) -> GuestState:
        """One call about this domain alone, so that no other guest can delay it."""
        with_definition = in_full and _has_file(resource)
        return _virsh(resource, context).state(guest_name(resource), in_full=in_full, with_definition=with_definition)

    # -- change -----------------------------------------------------------------------------------------------------

    def define(self, resource: Resource, state: GuestState, context: Context) -> str:
        """Define the domain from the service's file, if libvirt does not know it or has it otherwise."""
        name, path = guest_name(resource), config_path(resource)
        wanted = _read_file(path)
        if wanted is None:
            if not state.is_known:
                raise DefinitionError(
                    f"{name} is not defined in libvirt, and its definition {path or '(no `config` set)'} is not there",
                    hint="bring the file there (virsh dumpxml on the node that has it), or name it with `config`",
                )
            if resource.text("config"):
                context.note(f"{path} is not there: libvirt's own definition is used", "no_config", Severity.WARNING)
            return ""
        if wanted.name != name:
            raise DefinitionError(
                f"{path} defines {wanted.name or 'a domain without name'!r}, and the service's guest is {name!r}",
                hint="mend `name` in the service file, or the <name> in the definition",
            )
        virsh = _virsh(resource, context)
        flagged = wanted.with_flag(flag_disk(context) if is_recovering(resource, context) else None)
        current = Definition.parse(state.definition, f"libvirt's definition of {name}") if state.definition else None
        if state.is_known and current is not None and not wanted.uuid and current.uuid:
            # Without one libvirt would choose a new UUID, and refuse it as the name is taken.
            flagged = Definition.parse(flagged.with_uuid(current.uuid), str(path))
        if state.is_known and current is not None and flagged.is_same(current):
            return ""
        if flagged is wanted:
            virsh.change("define", str(path), timeout=DOMAIN_LIMIT * 4)
        else:
            virsh.change("define", "/dev/stdin", timeout=DOMAIN_LIMIT * 4, input=flagged.text.encode())
        return "defined anew" if state.is_known else "defined"

    def forbid_autostart(self, resource: Resource, context: Context) -> None:
        """``virsh autostart --disable``."""
        _virsh(resource, context).change("autostart", "--disable", guest_name(resource), timeout=DOMAIN_LIMIT * 4)

    def boot(self, resource: Resource, timeout: float, context: Context) -> CommandResult:
        """``virsh start``. A client that is killed does not end the start: libvirt goes on with it."""
        return _virsh(resource, context).change("start", guest_name(resource), timeout=timeout)

    def stop_softly(self, resource: Resource, timeout: float, context: Context) -> CommandResult:
        """Through the guest agent where there is one, then by the ACPI power button."""
        virsh, name = _virsh(resource, context), guest_name(resource)
        limit = min(AGENT_LIMIT, timeout)
        if resource.flag("qga"):
            try:
                asked = virsh.attempt("shutdown", "--mode", "agent", name, timeout=limit)
            except CommandTimeout as error:
                context.note(f"the guest agent of {name} does not answer: {error.message}", "agent_hangs")
            else:
                if asked.rc == 0:
                    return asked
                if AGENT_GONE in asked.stderr:
                    return evolve(asked, rc=0)
                context.note(f"the guest agent of {name} does not shut it down", "agent_refused")
        return virsh.attempt("shutdown", "--mode", "acpi", name, timeout=limit)

    def stop_by_force(self, resource: Resource, context: Context) -> CommandResult:
        """``virsh destroy``."""
        name = guest_name(resource)
        if problem := ambiguity(name):
            raise ActionError(problem, code="ambiguous_name")
        return _virsh(resource, context).attempt("destroy", name, timeout=FORCE_LIMIT)

    # -- facts ------------------------------------------------------------------------------------------------------

    def list_devices(self, resource: Resource, context: Context) -> Sequence[Device]:
        """What the service's file names, and what a running guest holds beside it.

        Raises:
            ActionError: there is neither file nor domain, or libvirt does not answer.
        """
        name, wanted = guest_name(resource), _read_file(config_path(resource))
        virsh = _virsh(resource, context)
        result = virsh.query("dumpxml", name)
        documents = split_definitions(result.stdout) if result.rc == 0 else []
        current = Definition.parse(documents[0], f"libvirt's definition of {name}") if documents else None
        if current is None:
            state = virsh.state(name)
            if state.is_known:
                raise ActionError(f"cannot tell the disks of {name}: {state.reason}", code="devices_unknown")
        held = current if current is not None and (current.is_live or wanted is None) else None
        if wanted is None and held is None:
            raise ActionError(
                f"cannot tell the disks of {name}: it is not defined, and has no definition", code="devices_unknown"
            )
        return tuple(merge_disks((wanted, held), lambda disk: _locate(disk, virsh)).values())

    def list_files(self, resource: Resource, context: Context) -> Sequence[Path]:
        """The definition and the variables of the firmware, as far as they exist."""
        path = config_path(resource)
        definition = _read_file(path)
        if path is None or definition is None:
            return ()
        return (path, *(file for file in definition.files() if file.exists()))

    def inventory(self, resources: Sequence[Resource], context: Context) -> Iterator[InventoryItem]:
        """Of domains, as they run or will be booted, and of their files: one call for many of each libvirt."""
        by_uri: dict[str, list[Resource]] = {}
        for resource in resources:
            by_uri.setdefault(_uri(resource), []).append(resource)
        for uri, members in by_uri.items():
            inventory = DomainInventory(Virsh(uri, context), lambda each: _read_file(config_path(each)), _locate)
            yield from inventory.items(members)

    def is_reached_by_network(self, resource: Resource) -> bool:
        """The guest agent needs no network."""
        return not resource.flag("qga")

    def open_guest(self, resource: Resource, context: Context) -> Host:
        """The guest agent where ``qga`` is set, else ssh with the host keys that are pinned for the service."""
        if resource.flag("qga"):
            return GuestAgent(_uri(resource), guest_name(resource), context)
        return SshGuest(context, guest_address(resource), context.known_hosts(resource.id.service))


def config_path(resource: Resource) -> Path | None:
    """The file that defines the domain, whether it exists or not; None where a foreign libvirt has no known place."""
    if path := resource.text("config"):
        return Path(path)
    return DEFINITIONS / f"{guest_name(resource)}.xml" if _uri(resource) == SYSTEM_URI else None


def _uri(resource: Resource) -> str:
    return resource.text("uri") or SYSTEM_URI


def _virsh(resource: Resource, context: Context) -> Virsh:
    return Virsh(_uri(resource), context)


def _has_file(resource: Resource) -> bool:
    path = config_path(resource)
    return path is not None and path.exists()


def _read_file(path: Path | None) -> Definition | None:
    """The definition in a file, None if there is no such file. Raises DefinitionError when it cannot be used."""
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            document = file.read(DEFINITION_LIMIT + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DefinitionError(f"{path} cannot be read: {error.strerror}") from error
    if len(document) > DEFINITION_LIMIT:
        raise DefinitionError(f"{path} is no definition: larger than {DEFINITION_LIMIT} bytes")
    return Definition.parse(document, str(path))


def _locate(disk: VolumeDisk, virsh: Virsh) -> Device:
    result = virsh.query("vol-path", "--pool", disk.pool, disk.volume)
    path = result.stdout.strip()
    if result.rc != 0 or not path:
        raise ActionError(f"cannot tell where volume {disk.volume} of pool {disk.pool} lies", code="devices_unknown")
    kind = "block" if path.startswith("/dev/") else "file" if path.startswith("/") else "network"
    return Device(path, kind, is_writable=disk.is_writable, target=disk.target)
