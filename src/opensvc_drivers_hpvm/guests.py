"""Guests of Integrity VM: what the shared life cycle asks of a platform."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from attrs import frozen

from opensvc_core.api import (
    ActionError,
    CommandResult,
    Context,
    Device,
    GuestState,
    Host,
    InventoryItem,
    OpenSVCError,
    Outcome,
    Resource,
    ResourceId,
    SshGuest,
    Status,
    guest_address,
    guest_name,
    raw_file,
    side_by_side,
)
from opensvc_drivers_hpvm.hpvm import CHANGE_LIMIT, SIDE_BY_SIDE, Hpvm
from opensvc_drivers_hpvm.parse import Backing
from opensvc_drivers_hpvm.sharing import DiskGroup

GUESTS = Path("/var/opt/hpvm/guests")
"""A link for each guest, by its name, to its folder in ``/var/opt/hpvm/uuids``."""
_KINDS = {"disk": "block", "lv": "block", "attach": "block", "file": "file", "dvd": "block"}


@frozen
class HpvmPlatform:
    """Does what Integrity VM does.

    Attributes:
        guests: where it keeps the guests' definitions.
    """

    guests: Path = GUESTS

    # -- state ------------------------------------------------------------------------------------------------------

    def list_states(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, GuestState]]:
        """One call for all guests."""
        by_name: dict[str, list[ResourceId]] = {}
        for resource in resources:
            by_name.setdefault(guest_name(resource), []).append(resource.id)
        for name, state in Hpvm(context).states(list(by_name)):
            yield from ((resource_id, state) for resource_id in by_name[name])

    def read_state(self, resource: Resource, context: Context, *, in_full: bool = False) -> GuestState:
        """One call about this guest alone; it always tells the boot policy, and never the definition."""
        del in_full
        return Hpvm(context).state(guest_name(resource))

    # -- change -----------------------------------------------------------------------------------------------------

    def define(self, resource: Resource, state: GuestState, context: Context) -> str:
        """Bring the disks of ``[vmdg]`` in order on this node, which a guest that is down here lets us do."""
        name = guest_name(resource)
        if not state.is_known:
            raise ActionError(
                f"{name} is not configured in Integrity VM on this node",
                code="not_defined",
                hint=f"bring {self.guests / name} and the folder that it leads to from a node that has them",
            )
        group = DiskGroup.of(resource, context)
        return group.apply() if group is not None else ""

    def forbid_autostart(self, resource: Resource, context: Context) -> None:
        """``hpvmmodify -B manual``."""
        Hpvm(context).change("hpvmmodify", "-P", guest_name(resource), "-B", "manual", timeout=CHANGE_LIMIT)

    def boot(self, resource: Resource, timeout: float, context: Context) -> CommandResult:
        """``hpvmstart``. The guest's process stays behind ("Daemonizing....") and may hold the output open."""
        return Hpvm(context).change(
            "hpvmstart",
            "-P",
            guest_name(resource),
            timeout=timeout,
            leaves_daemons=True,
            hint="if it was migrated away its configuration here is not runnable: "
            f"hpvmmodify -P {guest_name(resource)} -x register_status=enabled, once it is down there",
        )

    def stop_softly(self, resource: Resource, timeout: float, context: Context) -> CommandResult:
        """``hpvmstop -g``: the guest's system is told to shut down."""
        return Hpvm(context).attempt("hpvmstop", "-g", "-F", "-P", guest_name(resource), timeout=timeout)

    def stop_by_force(self, resource: Resource, context: Context) -> CommandResult:
        """``hpvmstop`` without ``-g``."""
        return Hpvm(context).attempt("hpvmstop", "-F", "-P", guest_name(resource), timeout=CHANGE_LIMIT)

    def migrate(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """``hpvmmigrate -o``: the guest goes on running while it moves.

        Raises:
            ActionError: the guest does not run here, HPVM refuses (nothing is moved then), or it still runs here after.
        """
        name, hpvm = guest_name(resource), Hpvm(context)
        before = hpvm.state(name)
        if before.status is not Status.UP:
            raise ActionError(f"{name} cannot be migrated: it is not up here: {before.reason}", code="container_not_up")
        result = hpvm.change(
            "hpvmmigrate",
            "-o",
            "-P",
            name,
            "-h",
            peer,
            timeout=context.deadline.remaining(),
            hint=f"see hpvmmigrate -o -s -P {name} -h {peer}",
        )
        if result.is_made:
            after = hpvm.state(name)
            if after.status is not Status.DOWN:
                raise ActionError(
                    f"hpvmmigrate ended well, and {name} is not down here: {after.reason}", code="container_not_down"
                )
        return Outcome.changed(f"{name} migrated to {peer}")

    # -- facts ------------------------------------------------------------------------------------------------------

    def list_devices(self, resource: Resource, context: Context) -> Sequence[Device]:
        """Disks of the guest's configuration.

        Empty drives are left out, and so are volumes and files whose group or file system is a resource of the service:
        that lists and reserves the disks under them. Raises ActionError when they cannot be told.
        """
        return _devices(resource, Hpvm(context).backings(guest_name(resource)), context)

    def list_files(self, resource: Resource, context: Context) -> Sequence[Path]:
        """The guest's link and the folder that it leads to, and what is kept of its disks, as far as they exist."""
        link = self.guests / guest_name(resource)
        folder = link.resolve()
        own = (link, *((folder,) if folder != link else ())) if folder.exists() else ()
        group = DiskGroup.of(resource, context)
        return (*own, *(group.files() if group is not None else ()))

    def update_disks(self, resource: Resource, context: Context) -> Outcome | None:
        """Write what peers need of the disks of ``[vmdg]``, where the guest runs."""
        group = DiskGroup.of(resource, context)
        if group is None:
            return Outcome.unchanged()
        name, hpvm = guest_name(resource), Hpvm(context)
        state = hpvm.state(name)
        if state.status is Status.UNDEF:
            raise ActionError(f"cannot tell whether {name} runs here: {state.reason}", code="container_undef")
        if state.status is not Status.UP:
            return Outcome.unchanged(f"{name} is down here: its share file is written where it runs")
        paths = tuple(dict.fromkeys(each.path for each in hpvm.backings(name) if each.storage == "disk"))
        if not paths:
            return Outcome.unchanged(f"{name} has no whole disks")
        group.write(paths)
        return Outcome.changed(f"{group.share_file.name} and {group.special_files.name} written")

    def inventory(self, resources: Sequence[Resource], context: Context) -> Iterator[InventoryItem]:
        """Processors and memory from one list; disks guest by guest, side by side, as HPVM tells them no other way."""
        hpvm = Hpvm(context)
        try:
            guests = hpvm.guests()
        except OpenSVCError as error:
            context.note_error(error)
            return
        known = [resource for resource in resources if guest_name(resource) in guests]
        for resource in known:
            guest = guests[guest_name(resource)]
            yield InventoryItem(resource.id, "vcpus", guest.vcpus or None)
            yield InventoryItem(resource.id, "memory", guest.memory or None)
        names = list(dict.fromkeys(map(guest_name, known)))
        for name, answer in side_by_side(names, hpvm.backings, SIDE_BY_SIDE):
            for resource in known:
                if guest_name(resource) != name:
                    continue
                try:
                    if isinstance(answer, Exception):
                        raise answer
                    yield InventoryItem(resource.id, "disks", _devices(resource, answer, context))
                except OpenSVCError as error:
                    context.note_error(error)

    def is_reached_by_network(self, resource: Resource) -> bool:
        """Guests are reached by ssh."""
        del resource
        return True

    def open_guest(self, resource: Resource, context: Context) -> Host:
        """By ssh, with the host keys that are pinned for the service."""
        return SshGuest(context, guest_address(resource), context.known_hosts(resource.id.service))


def _devices(resource: Resource, backings: Sequence[Backing], context: Context) -> tuple[Device, ...]:
    places = _places(resource, context)
    group = DiskGroup.of(resource, context)
    identities = group.identities() if group is not None else {}
    found: dict[str, Device] = {}
    for each in backings:
        if each.storage == "null" or (each.storage in {"lv", "file"} and each.path.startswith(places)):
            continue
        known = found.get(each.path)
        if known is None or (each.is_writable and not known.is_writable):
            found[each.path] = Device(
                each.path,
                _KINDS[each.storage],
                # By it the disk is found on a node that lacks the special file.
                identities.get(raw_file(each.path), ""),
                is_writable=each.is_writable,
                target=each.target,
            )
    return tuple(found.values())


def _places(resource: Resource, context: Context) -> tuple[str, ...]:
    """Folders of the volume groups and file systems that are resources of the service."""
    found = []
    for other in context.service_of(resource).resources:
        if other.is_disabled:
            continue
        if group := str(other.options.get("vgname") or ""):
            found.append(f"/dev/{group.removeprefix('/dev/')}/")
        if mount := str(other.options.get("mnt") or ""):
            found.append(f"{mount.rstrip('/')}/")
    return tuple(found)
