"""Logical domains (Oracle VM Server for SPARC) as guests: what the shared life cycle asks of a platform."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from opensvc_core.api import (
    ActionError,
    Cancelled,
    CommandFailed,
    CommandResult,
    CommandTimeout,
    Context,
    Device,
    GuestState,
    Host,
    InventoryItem,
    Note,
    OpenSVCError,
    Resource,
    ResourceId,
    Severity,
    SshGuest,
    Status,
    Undetermined,
    guest_address,
    guest_name,
    side_by_side,
)
from opensvc_drivers_solaris.parse_ldm import (
    Domain,
    DomainList,
    Volume,
    is_unknown_domain,
    parse_all_disks,
    parse_auto_boot,
    parse_disks,
    parse_domains,
    parse_volumes,
)
from opensvc_drivers_solaris.words import said

LIST_LIMIT = 10.0
"""Seconds for the one call that lists all domains: the domain manager answers one client at a time."""
DOMAIN_LIMIT = 10.0
"""Seconds to ask for one domain."""
CHANGE_LIMIT = 60.0
"""Seconds to bind or unbind."""
SOFT_LIMIT = 30.0
"""Seconds to ask the guest to shut down."""
SIDE_BY_SIDE = 4
"""Domains asked at once that the list does not tell of."""
BOUND = "bound"
_PASSING = frozenset({"binding", "unbinding", "starting", "stopping"})
"""States that a domain leaves by itself [R]."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_DISK = re.compile(r"(/dev/)dsk(/c\d+(?:t[0-9A-Fa-f]+)?d\d+)(s\d+)?")

NOT_DEFINED = GuestState(Status.DOWN, (Note("no such domain is defined here", "not_defined"),), is_known=False)


def domain_state(domain: Domain) -> GuestState:
    """What ldm's word means for the service; one that is not known here is undef, never down."""
    if domain.state == "active":
        return GuestState(Status.UP)
    if domain.state == "inactive":
        return GuestState(Status.DOWN)
    if domain.state == BOUND:
        note = Note("bound: it does not run, and holds its processors, memory and disks", "bound", Severity.WARNING)
        return GuestState(Status.WARN, (note,), obeys_soft_stop=False, is_held=True)
    if domain.state in _PASSING:
        note = Note(f"{domain.state}: it still holds its disks", "passing_state")
        return GuestState(Status.WARN, (note,), obeys_soft_stop=False, is_passing=True)
    return GuestState.undef(f"ldm says {domain.state!r} of it, which means nothing here", "unknown_state")


class LdomPlatform:
    """Does what a logical domain needs, through ``ldm``."""

    # -- state ------------------------------------------------------------------------------------------------------

    def list_states(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, GuestState]]:
        """One ``ldm list -p`` for all; one that it does not tell of is asked for by name."""
        by_name: dict[str, list[Resource]] = {}
        for resource in resources:
            by_name.setdefault(guest_name(resource), []).append(resource)
        try:
            listed = _list(context)
        except Cancelled:
            raise
        except OpenSVCError as error:
            yield from ((each.id, GuestState.undef(error.message, error.code)) for each in resources)
            return
        missing = []
        for name, mine in by_name.items():
            if name in listed.domains:
                yield from ((each.id, domain_state(listed.domains[name])) for each in mine)
            else:
                missing.append(name)
        for name, state in side_by_side(missing, lambda each: _read_state(each, context), SIDE_BY_SIDE):
            if not isinstance(state, GuestState):
                raise state
            yield from ((each.id, state) for each in by_name[name])

    def read_state(self, resource: Resource, context: Context, *, in_full: bool = False) -> GuestState:
        """One ``ldm list -p NAME``. Raises Cancelled only.

        Whether the hypervisor starts it by itself is no property of a domain but of the configuration that is saved on
        the service processor, so it is not read.
        """
        del in_full
        return _read_state(guest_name(resource), context)

    # -- change -----------------------------------------------------------------------------------------------------

    def define(self, resource: Resource, state: GuestState, context: Context) -> str:
        """Bind the domain if it is not. Raises ActionError if it is not defined."""
        name = guest_name(resource)
        if not state.is_known:
            raise ActionError(
                f"no domain {name} is defined on this node",
                code="not_defined",
                hint=f"on the node that has it: ldm list-constraints -x {name} >FILE; here: ldm add-domain -i FILE",
            )
        if _auto_boot(name, context) is False:
            context.note(
                f"auto-boot? of {name} is false: it will stop at its `ok` prompt", "no_auto_boot", Severity.WARNING
            )
        if state.is_held:
            return ""
        _change(context, "bind-domain", name, timeout=CHANGE_LIMIT)
        return "bound"

    def forbid_autostart(self, resource: Resource, context: Context) -> None:
        """Nothing: see ``read_state``."""
        del resource, context

    def boot(self, resource: Resource, timeout: float, context: Context) -> CommandResult:
        """``ldm start-domain``."""
        return _change(context, "start-domain", guest_name(resource), timeout=timeout)

    def stop_softly(self, resource: Resource, timeout: float, context: Context) -> CommandResult:
        """``init 5`` in the guest, after which it is bound: ``init 0`` ends at the ``ok`` prompt, still active.

        Of a guest that has no shell or cannot be reached, ``ldm stop-domain`` asks in its own way, and waits for it.
        """
        name, argv = guest_name(resource), ("/usr/sbin/init", "5")
        by_ldm = ("ldm", "stop-domain", name)
        if not resource.flag("shell") or resource.text("guest_os").lower() == "windows":
            return context.run(*by_ldm, timeout=timeout, check=False)
        try:
            return context.guest(resource).run(*argv, timeout=min(SOFT_LIMIT, timeout), check=False)
        except (Cancelled, Undetermined):
            raise
        except CommandTimeout as error:
            # Its sshd may have gone down before it could say that the command has ended.
            context.note(f"whether {name} shuts down is seen in a while: {error.message}", "soft_stop")
            return CommandResult(argv)
        except ActionError as error:
            context.note(f"{name} is asked to shut down by ldm, as it cannot be reached: {error.message}", "soft_stop")
            return context.run(*by_ldm, timeout=timeout, check=False)

    def stop_by_force(self, resource: Resource, context: Context) -> CommandResult:
        """``ldm stop-domain -f``: without ``-f`` it asks the guest once more, and waits for it."""
        return context.run("ldm", "stop-domain", "-f", guest_name(resource), timeout=CHANGE_LIMIT, check=False)

    # -- facts ------------------------------------------------------------------------------------------------------

    def list_devices(self, resource: Resource, context: Context) -> Sequence[Device]:
        """The disks behind the virtual disks of the domain. Raises ActionError if one of them is not told."""
        name = guest_name(resource)
        listed = context.query("ldm", "list", "-o", "disk", "-p", _checked(name), timeout=DOMAIN_LIMIT, check=False)
        offered = context.query("ldm", "list-services", "-p", timeout=LIST_LIMIT, check=False)
        for result in (listed, offered):
            if result.rc != 0 or not result.stdout.startswith("VERSION"):
                raise ActionError(f"cannot tell the disks of {name}: ldm: {said(result)}", code="devices_unknown")
        return _devices(name, parse_disks(listed.stdout), {each.name: each for each in parse_volumes(offered.stdout)})

    def list_files(self, resource: Resource, context: Context) -> Sequence[Path]:
        """``var/ldom_NAME.*``: what is kept of the domain's definition for the peers."""
        return tuple(sorted(context.node.folders.var.glob(f"ldom_{guest_name(resource)}.*")))

    def inventory(self, resources: Sequence[Resource], context: Context) -> Iterator[InventoryItem]:
        """Of the domains that ldm knows, by three lists of all of them."""
        try:
            yield from self._facts(resources, context)
        except OpenSVCError as error:
            context.note_error(error)

    def _facts(self, resources: Sequence[Resource], context: Context) -> Iterator[InventoryItem]:
        listed = _list(context)
        if listed.trouble:
            context.note(f"ldm list: {listed.trouble}", "ldm", Severity.WARNING)
        known = [resource for resource in resources if guest_name(resource) in listed.domains]
        for resource in known:
            domain = listed.domains[guest_name(resource)]
            yield InventoryItem(resource.id, "vcpus", domain.vcpus or None)
            yield InventoryItem(resource.id, "memory", domain.memory or None)
        if not known:
            return
        disks = context.query("ldm", "list", "-o", "disk", "-p", timeout=LIST_LIMIT)
        offered = context.query("ldm", "list-services", "-p", timeout=LIST_LIMIT)
        by_domain = parse_all_disks(disks.stdout)
        volumes = {volume.name: volume for volume in parse_volumes(offered.stdout)}
        for resource in known:
            name = guest_name(resource)
            try:
                if name not in by_domain:
                    raise ActionError(f"ldm lists no disks of {name}", code="devices_unknown")
                yield InventoryItem(resource.id, "disks", _devices(name, by_domain[name], volumes))
            except ActionError as error:
                context.note_error(error)

    def is_reached_by_network(self, resource: Resource) -> bool:
        """By ssh only."""
        del resource
        return True

    def open_guest(self, resource: Resource, context: Context) -> Host:
        """By ssh, with the host keys that are pinned for the service."""
        return SshGuest(context, guest_address(resource), context.known_hosts(resource.id.service))


def _devices(name: str, disks: Sequence[tuple[str, str]], volumes: Mapping[str, Volume]) -> tuple[Device, ...]:
    """What lies behind the virtual disks of a domain. Raises ActionError if one of them is not offered."""
    found: dict[str, Device] = {}
    for wanted, target in disks:
        volume = volumes.get(wanted)
        if volume is None:
            raise ActionError(
                f"cannot tell what lies behind the disk {wanted} of {name}", code="devices_unknown",
                hint="ldm list-services shows what is offered",
            )  # fmt: skip
        path = _raw(volume.path)
        kind = "block" if path.startswith("/dev/") else "file"
        found[path] = Device(path, kind, is_writable=volume.is_writable, target=target)
    return tuple(found.values())


def unbind(resource: Resource, context: Context) -> CommandResult:
    """``ldm unbind-domain``, whatever it ends with. Raises CommandTimeout."""
    return context.run("ldm", "unbind-domain", guest_name(resource), timeout=CHANGE_LIMIT, check=False)


def _list(context: Context) -> DomainList:
    result = context.query("ldm", "list", "-p", timeout=min(LIST_LIMIT, context.deadline.remaining() / 2), check=False)
    if result.rc != 0:
        raise ActionError(f"ldm: {said(result)}", code="ldm", hint="does the domain manager run? svcs ldmd")
    return parse_domains(result.stdout)


def _read_state(name: str, context: Context) -> GuestState:
    """State of one domain. Raises Cancelled only."""
    try:
        result = context.query("ldm", "list", "-p", _checked(name), timeout=DOMAIN_LIMIT, check=False)
    except Cancelled:
        raise
    except OpenSVCError as error:
        return GuestState.undef(error.message, error.code)
    listed = parse_domains(result.stdout)
    if result.rc == 0 and name in listed.domains:
        return domain_state(listed.domains[name])
    if result.rc != 0 and is_unknown_domain(name, result.stderr):
        return NOT_DEFINED
    return GuestState.undef(f"ldm does not tell the state of {name}: {listed.trouble or said(result)}", "ldm")


def _change(context: Context, verb: str, name: str, timeout: float) -> CommandResult:
    result = context.run("ldm", verb, _checked(name), timeout=timeout, check=False)
    if result.rc != 0:
        raise CommandFailed(
            f"ldm {verb} {name}: {said(result)}",
            argv=result.argv,
            rc=result.rc,
            stdout=result.stdout,
            stderr=result.stderr,
        )
    return result


def _auto_boot(name: str, context: Context) -> bool | None:
    """Whether the domain boots its system when it is started, None if that cannot be told. Raises Cancelled."""
    try:
        result = context.query("ldm", "list-variable", "auto-boot?", name, timeout=DOMAIN_LIMIT, check=False)
    except Cancelled:
        raise
    except ActionError:
        # Only a note hangs on it.
        return None
    return parse_auto_boot(result.stdout) if result.rc == 0 else None


def _checked(name: str) -> str:
    """A name that is safe as a word of a command line. Raises ActionError."""
    if not _NAME.fullmatch(name):
        raise ActionError(f"{name!r} cannot be the name of a domain", code="bad_name", hint="mend `name`")
    return name


def _raw(path: str) -> str:
    """The special file on which a disk is reserved: the raw one, of slice 2 (the whole disk) if none is named."""
    found = _DISK.fullmatch(path)
    return f"{found.group(1)}rdsk{found.group(2)}{found.group(3) or 's2'}" if found else path
