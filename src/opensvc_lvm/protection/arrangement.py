"""Setting a node up as the cookbook asks: first what keeps it able to boot, then what keeps it from doing harm."""

from __future__ import annotations

import difflib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from attrs import frozen

from opensvc_core.api import ActionError, OpenSVCError
from opensvc_lvm.groups import VolumeGroup
from opensvc_lvm.protection.check import NodeCheck, configuration_files, own_groups, unclaimed_groups
from opensvc_lvm.protection.commands import Commands
from opensvc_lvm.protection.conf import LOCAL, Wanted, lacking_entries, with_tags, with_volume_list
from opensvc_lvm.protection.findings import Verdict
from opensvc_lvm.protection.mounts import find_use

ORIGINAL = ".osvc-orig"
"""Added to the name of a file as it was before the first change."""


@frozen
class FileChange:
    """A configuration file as it is and as it should be.

    Attributes:
        path: of the file.
        before: its text, ``None`` if there is no such file.
        after: its text then.
    """

    path: Path
    before: str | None
    after: str

    def diff(self) -> str:
        """What changes, as ``diff -u`` shows it."""
        old, new = (self.before or "").splitlines(keepends=True), self.after.splitlines(keepends=True)
        was = "/dev/null" if self.before is None else str(self.path)
        return "".join(difflib.unified_diff(old, new, was, str(self.path)))


@frozen
class Arrangement:
    """What is to be done on a node, in this order.

    Attributes:
        commands: of the node.
        wanted: what its configuration should say.
        tagged: groups that need the tag ``local``.
        files: configuration files that change.
        rebuilds: whether the initramfs is to be built anew.
    """

    commands: Commands
    wanted: Wanted
    tagged: tuple[VolumeGroup, ...]
    files: tuple[FileChange, ...]
    rebuilds: bool

    @property
    def is_empty(self) -> bool:
        """Whether everything is as it should be."""
        return not (self.tagged or self.files or self.rebuilds)

    def describe(self) -> Iterator[str]:
        """The commands and changes, as text."""
        for group in self.tagged:
            yield f"vgchange --addtag {LOCAL} {group.name}\n"
        for change in self.files:
            yield change.diff()
        if self.rebuilds:
            yield "update-initramfs -u -k all (or dracut --force --regenerate-all)\n"

    def make(self, rebuild: Callable[[], str], tell: Callable[[str], None]) -> None:
        """Do it. Raises ActionError or CommandError; no ``volume_list`` is written before the tags are verified.

        Args:
            rebuild: builds the initramfs.
            tell: told what was done, line by line.
        """
        for group in self.tagged:
            self.commands.add_tag(group.name, LOCAL)
            tell(f"tagged {group.name} {LOCAL}")
        self._verify_tags()
        done: list[FileChange] = []
        try:
            for change in self.files:
                done.append(change)
                replace_file(change)
                tell(f"wrote {change.path}")
            if self.files:
                verify(self.commands, self.wanted, self.commands.system_dir)
        except BaseException:
            for change in reversed(done):
                restore_file(change)
                tell(f"put {change.path} back as it was")
            raise
        if self.rebuilds:
            tell(f"ran {rebuild()}")

    def _verify_tags(self) -> None:
        tags = {group.uuid: group.tags for group in self.commands.groups()}
        lacking = [group.name for group in self.tagged if LOCAL not in tags.get(group.uuid, ())]
        if lacking:
            raise ActionError(
                f"{', '.join(lacking)} is not tagged {LOCAL}, though vgchange said so: nothing else was changed",
                code="root_group_untagged",
            )


def arrange(check: NodeCheck, *, local: frozenset[str], shared: frozenset[str], with_initramfs: bool) -> Arrangement:
    """What a node lacks.

    Args:
        check: of the node.
        local: groups that the operator says are this node's alone.
        shared: groups that the operator says are not.
        with_initramfs: whether the initramfs is part of it.

    Raises:
        ActionError: it cannot be told what would be locked out: nothing may be changed then.
        CommandError: LVM fails.
    """
    commands, wanted = check.commands, check.wanted
    groups = commands.groups()
    tagged = tuple(group for group in _to_tag(check, groups, local, shared) if LOCAL not in group.tags)
    files = tuple(_files(commands, wanted))
    if files:
        with _candidate(commands, files) as folder:
            verify(commands, wanted, folder)
    stale = check.initramfs.check(configuration_files(commands.system_dir)).verdict is Verdict.BAD
    rebuilds = with_initramfs and (stale or (bool(files) and check.initramfs.find() is not None))
    return Arrangement(commands, wanted, tagged, files, rebuilds)


def _to_tag(
    check: NodeCheck, groups: tuple[VolumeGroup, ...], local: frozenset[str], shared: frozenset[str]
) -> Iterator[VolumeGroup]:
    """Groups that must carry the tag ``local``. Raises ActionError where somebody must decide first."""
    use = find_use(check.kernel)
    if not use.is_root_known:
        raise ActionError(
            "cannot find out which device / lies on: a volume_list could keep this node from booting",
            code="root_unknown",
            hint="set it up by hand: docs/how-to/protect-lvm.md",
        )
    if check.services.unread:
        raise ActionError(
            f"the files of {', '.join(check.services.unread)} cannot be read: their groups are not known",
            code="services_unread",
            hint="osvc config validate",
        )
    names = {group.name for group in groups}
    for name in sorted(local | shared):
        if name not in names:
            raise ActionError(f"there is no volume group {name}", code="not_visible")
    own = own_groups(groups, use)
    for group in own:
        service = check.services.groups.get(group.name)
        if service or group.name in shared:
            whose = f"a group of {service}" if service else "called shared"
            points = ", ".join(use.of(group.uuid))
            raise ActionError(
                f"{group.name} is {whose}, and this node lives on it ({points})",
                code="root_group_shared",
                hint="a group that a service moves can hold nothing of a node",
            )
    for name in sorted(local):
        if name in check.services.groups:
            text = f"{name} is a group of {check.services.groups[name]}: tagged {LOCAL}, every node would activate it"
            raise ActionError(text, code="service_group_local")
    in_doubt = [g for g in unclaimed_groups(groups, use, check.services) if g.name not in local | shared]
    if in_doubt:
        which = "; ".join(f"{group.name} ({', '.join(use.of(group.uuid))})" for group in in_doubt)
        raise ActionError(
            f"in use here, and neither tagged {LOCAL} nor a service's: {which}",
            code="group_undecided",
            hint="say --local GROUP if only this node uses it, else --shared GROUP: it then no longer comes up at boot",
        )
    yield from own
    yield from (group for group in groups if group.name in local and group not in own)


def _files(commands: Commands, wanted: Wanted) -> Iterator[FileChange]:
    """Files that lack something; the file of the node's tag first, as it has no effect without the other."""
    folder = commands.system_dir
    main, own = folder / "lvm.conf", folder / wanted.file_name
    if lacking := lacking_entries(wanted, commands.volume_list()):
        before = _read(own)
        # Both, as the cookbook has it: what the file says is then the same wherever the rest comes from.
        entries = wanted.entries if before is None else lacking
        yield FileChange(own, before, with_volume_list(before or "", entries))
    before = _read(main)
    after = before or ""
    if not set(wanted.tags) <= set(commands.tags()):
        after = with_tags(after, wanted)
    with _without_tag_files(commands) as bare:
        # In the initramfs the system has no name yet, so that only this file counts there.
        if commands.volume_list(bare) is None:
            after = with_volume_list(after, (f"@{LOCAL}",))
    if after != (before or ""):
        yield FileChange(main, before, after)


class _Folder:
    """A copy of LVM's configuration folder, removed at the end."""

    def __init__(self, source: Path, changes: tuple[FileChange, ...] = (), without: str = "") -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="osvc-lvm-")
        self.path = Path(self._folder.name)
        names = [*configuration_files(source), source / "profile"]
        for path in names:
            if path.is_dir():
                shutil.copytree(path, self.path / path.name)
            elif path.is_file() and not (without and path.match(without)):
                shutil.copy(path, self.path / path.name)
        for change in changes:
            (self.path / change.path.name).write_text(change.after, encoding="utf-8")

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


def _candidate(commands: Commands, changes: tuple[FileChange, ...]) -> _Folder:
    return _Folder(commands.system_dir, changes)


def _without_tag_files(commands: Commands) -> _Folder:
    return _Folder(commands.system_dir, without="lvm_*.conf")


def verify(commands: Commands, wanted: Wanted, folder: Path) -> None:
    """Have LVM read a configuration folder. Raises ActionError if it does not say what it should, or is not valid."""
    try:
        tags, entries = commands.tags(folder), commands.volume_list(folder)
    except OpenSVCError as error:
        raise ActionError(f"LVM could not read the new configuration: {error.message}", code="configuration") from error
    lacking = [tag for tag in wanted.tags if tag not in tags] + list(lacking_entries(wanted, entries))
    if lacking:
        raise ActionError(
            f"with the new configuration LVM would still lack {', '.join(lacking)}: something overrides it",
            code="configuration",
            hint=f"look for tags and volume_list in {commands.system_dir}/*.conf",
        )


def replace_file(change: FileChange) -> None:
    """Write a file whole or not at all, and durably; the first text that it had is kept beside it."""
    kept = change.path.with_name(change.path.name + ORIGINAL)
    if change.before is not None and not kept.exists():
        _write(kept, change.before, _mode(change.path))
    _write(change.path, change.after, _mode(change.path))


def restore_file(change: FileChange) -> None:
    """Undo ``replace_file``, but for the copy beside it."""
    if change.before is None:
        change.path.unlink(missing_ok=True)
    else:
        _write(change.path, change.before, _mode(change.path))


def _write(path: Path, text: str, mode: int) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
