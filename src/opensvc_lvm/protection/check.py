"""Whether this node activates no volume group by accident, and its own ones for sure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from attrs import frozen

from opensvc_core.api import Cancelled, OpenSVCError
from opensvc_lvm.groups import VolumeGroup
from opensvc_lvm.kernel import HERE, Kernel
from opensvc_lvm.protection.commands import Commands
from opensvc_lvm.protection.conf import LOCAL, Wanted, lacking_entries
from opensvc_lvm.protection.findings import Finding, Verdict
from opensvc_lvm.protection.initramfs import Initramfs
from opensvc_lvm.protection.mounts import Use, find_use

SET_UP = "osvc node lvm setup --dry-run shows what would set it up"


@frozen
class Services:
    """What this node's services say of groups.

    Attributes:
        groups: name of each group that a service names, and of the service.
        unread: services whose file cannot be read.
    """

    groups: Mapping[str, str]
    unread: tuple[str, ...] = ()


@frozen
class NodeCheck:
    """The parts of the protection of a node, one by one.

    Attributes:
        commands: of this node.
        wanted: what its configuration should say.
        services: its services.
        initramfs: of the running kernel.
        kernel: what the kernel says of mounts.
    """

    commands: Commands
    wanted: Wanted
    services: Services
    initramfs: Initramfs
    kernel: Kernel = HERE

    def findings(self) -> Iterator[Finding]:
        """Each part, in the order in which it matters."""
        yield self._tags()
        yield from self._volume_list()
        yield from self._groups()
        for service in self.services.unread:
            text = f"the file of {service} cannot be read: its groups are not known"
            yield Finding("services", Verdict.UNKNOWN, text, f"osvc config validate {service}")
        yield self.initramfs.check(configuration_files(self.commands.system_dir))

    def _tags(self) -> Finding:
        try:
            tags = self.commands.tags()
        except Cancelled:
            raise
        except OpenSVCError as error:
            return Finding("host_tags", Verdict.UNKNOWN, error.message, "LVM fails at boot too: mend this first")
        lacking = [tag for tag in self.wanted.tags if tag not in tags]
        if lacking:
            text = f"this system lacks the LVM tags {' and '.join(lacking)}; it has {', '.join(tags) or 'none'}"
            return Finding("host_tags", Verdict.BAD, text, SET_UP)
        return Finding("host_tags", Verdict.OK, f"this system has the LVM tags {' and '.join(self.wanted.tags)}")

    def _volume_list(self) -> Iterator[Finding]:
        try:
            entries = self.commands.volume_list()
        except Cancelled:
            raise
        except OpenSVCError as error:
            yield Finding("volume_list", Verdict.UNKNOWN, error.message)
            return
        if entries is None:
            text = "volume_list is not set: whatever finds a group on this node, at boot or by hand, activates it"
            yield Finding("volume_list", Verdict.BAD, text, SET_UP)
            return
        for entry in lacking_entries(self.wanted, entries):
            end = (
                "this node's own groups would not come up at boot" if entry == f"@{LOCAL}" else "no service could start"
            )
            yield Finding("volume_list", Verdict.BAD, f"volume_list lacks {entry}: {end}", SET_UP)
        for entry in entries:
            service = self.services.groups.get(entry.partition("/")[0])
            if service:
                text = f"volume_list names {entry}, a group of {service}: it is activated whatever its tags say"
                yield Finding("volume_list", Verdict.BAD, text, f"take {entry} out of volume_list")
        if not lacking_entries(self.wanted, entries):
            yield Finding(
                "volume_list",
                Verdict.OK,
                f"LVM activates only what volume_list allows: {', '.join(dict.fromkeys(entries))}",
            )

    def _groups(self) -> Iterator[Finding]:
        try:
            groups = self.commands.groups()
        except Cancelled:
            raise
        except OpenSVCError as error:
            yield Finding("root_group", Verdict.UNKNOWN, error.message)
            return
        use = find_use(self.kernel)
        if not use.is_root_known:
            text = "cannot find out which device / lies on, and so not whether its group is tagged"
            yield Finding("root_group", Verdict.UNKNOWN, text)
        own = own_groups(groups, use)
        for group in own:
            points = ", ".join(use.of(group.uuid))
            if LOCAL in group.tags:
                yield Finding("root_group", Verdict.OK, f"{group.name} ({points}) is tagged {LOCAL}")
            else:
                text = f"{group.name} ({points}) is not tagged {LOCAL}: with a volume_list this node would not boot"
                yield Finding("root_group", Verdict.BAD, text, f"vgchange --addtag {LOCAL} {group.name}")
        if use.is_root_known and not own:
            yield Finding("root_group", Verdict.OK, "nothing of this system lies on LVM")
        for group in groups:
            service = self.services.groups.get(group.name)
            if service and LOCAL in group.tags:
                text = f"{group.name} of {service} is tagged {LOCAL}: every node that sees it activates it"
                yield Finding("service_group", Verdict.BAD, text, f"vgchange --deltag {LOCAL} {group.name}")
        for group in unclaimed_groups(groups, use, self.services):
            text = f"{group.name} ({', '.join(use.of(group.uuid))}) is neither a service's nor tagged {LOCAL}"
            hint = f"if only this node uses it: vgchange --addtag {LOCAL} {group.name}; else make it a service's"
            yield Finding("other_group", Verdict.BAD, text, hint)


def own_groups(groups: tuple[VolumeGroup, ...], use: Use) -> tuple[VolumeGroup, ...]:
    """Groups that this node itself lives on."""
    return tuple(group for group in groups if use.is_system(group.uuid))


def unclaimed_groups(groups: tuple[VolumeGroup, ...], use: Use, services: Services) -> tuple[VolumeGroup, ...]:
    """Groups in use that would not come up again: not this system's, no service's, and not tagged for this node."""
    return tuple(
        group
        for group in groups
        if use.of(group.uuid)
        and not use.is_system(group.uuid)
        and group.name not in services.groups
        and LOCAL not in group.tags
    )


def configuration_files(folder: Path) -> tuple[Path, ...]:
    """The files that LVM reads its configuration from: ``lvm.conf``, ``lvmlocal.conf``, one for each tag."""
    return tuple(sorted([folder / "lvm.conf", folder / "lvmlocal.conf", *folder.glob("lvm_*.conf")]))
