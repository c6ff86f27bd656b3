"""What a node has mounted, seen by the resources that ask: a few commands for all of them, each with its limit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from attrs import field, frozen

from opensvc_core.api import ActionError, Cancelled, CommandTimeout
from opensvc_drivers_linux.mountinfo import Mounted, Mounts, parse_mountinfo
from opensvc_drivers_linux.sources import (
    STAT_FORMAT,
    FileFact,
    Form,
    Source,
    bind_source,
    form_of,
    is_mount_of,
    parse_loops,
    parse_stat,
    type_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from opensvc_core.api import CommandResult, Context, Resource, ResourceId

Fact = TypeVar("Fact")

TABLE_LIMIT = 10.0
"""Seconds for the kernel's table of mounts: no file system is asked."""
LOOK_LIMIT = 4.0
"""Seconds for a look at paths, which may lie on storage that hangs."""
AT_ONCE = 16
"""Looks side by side."""


@frozen
class Place:
    """One resource on this node.

    Attributes:
        point: its mount point, links resolved; or why that cannot be told.
        source: what it mounts; or why that cannot be told.
    """

    point: str | ActionError
    source: Source | ActionError


@frozen
class Survey:
    """What was found out for some resources.

    Attributes:
        mounts: all that is mounted.
        places: by resource.
        devices: what the devices that mounts name are.
    """

    mounts: Mounts
    places: Mapping[ResourceId, Place] = field(factory=dict)
    devices: Mapping[str, FileFact] = field(factory=dict)

    def point(self, resource: Resource) -> str:
        """Where it is to be mounted. Raises ActionError if that cannot be told."""
        point = self.places[resource.id].point
        if isinstance(point, ActionError):
            raise point
        return point

    def source(self, resource: Resource) -> Source:
        """What it mounts. Raises ActionError if that cannot be told."""
        source = self.places[resource.id].source
        if isinstance(source, ActionError):
            raise source
        return source

    def top(self, resource: Resource) -> Mounted | None:
        """What lies at its mount point. Raises ActionError if that cannot be told."""
        return self.mounts.at(self.point(resource))

    def is_own(self, mounted: Mounted, resource: Resource) -> bool:
        """Whether a mount is of what the resource mounts. Raises ActionError if that cannot be told."""
        return is_mount_of(mounted, self.source(resource), self.devices)

    def elsewhere(self, resource: Resource) -> tuple[Mounted, ...]:
        """Mounts of its block device at other places. Raises ActionError if that cannot be told."""
        source, point = self.source(resource), self.point(resource)
        if source.form not in {Form.PATH, Form.TAG}:
            return ()
        found = [each for number in sorted(source.numbers) for each in self.mounts.of_device(number)]
        return tuple(each for each in found if each.point != point)


def survey(resources: Sequence[Resource], context: Context, after: CommandResult | None = None) -> Survey:
    """Look at the mounts of this node, and at what some resources mean to mount.

    The table of mounts is one command. Mount points that are not in it as they are written, and devices, are looked at
    all together, each with one command more; one by one only if that hangs, so that one dead disk hides one answer.

    Args:
        resources: of ``fs.mount``.
        context: for the commands.
        after: the change whose effect is asked for.

    Raises:
        ActionError: the table cannot be read.
        Undetermined: ``after`` was not made.
    """
    text = context.query("cat", "/proc/self/mountinfo", timeout=TABLE_LIMIT, after=after).stdout
    mounts = parse_mountinfo(text)
    if mounts is None:
        raise ActionError("cannot read /proc/self/mountinfo", code="mounts_unreadable", hint="is /proc mounted?")
    points = {resource.id: resource.text("mnt").rstrip("/") or "/" for resource in resources}
    forms = {resource.id: form_of(resource) for resource in resources}
    # What the kernel lists as a mount point is no link; and to look at a dead network share hangs.
    listed = {entry.point for entry in mounts.entries}
    binds = [resource.text("dev") for resource in resources if forms[resource.id] is Form.BIND]
    real = _look(context, _real_paths, [*(point for point in points.values() if point not in listed), *binds])
    named = _find_tags(context, [r.text("dev") for r in resources if forms[r.id] is Form.TAG])
    paths = [resource.text("dev") for resource in resources if forms[resource.id] is Form.PATH]
    paths += [path for path in named.values() if isinstance(path, str) and path]
    # Of btrfs the table tells no device number: its devices are looked at by the names in the table.
    paths += [
        entry.source for entry in mounts.entries if not entry.has_device and entry.source.startswith("/dev/")
    ]  # fmt: skip
    facts = _look(context, _facts, paths)
    images = [path for path, fact in facts.items() if isinstance(fact, FileFact) and fact.kind.startswith("regular")]
    loops = _loops(context, images) if images else {}
    places = {}
    for resource in resources:
        written = points[resource.id]
        point = written if written in listed else _known(real[written])
        text, form = resource.text("dev"), forms[resource.id]
        source: Source | ActionError
        if form is Form.NAME:
            source = Source(form, text, type_of(resource))
        elif form is Form.BIND:
            path = _known(real[text])
            source = path if isinstance(path, ActionError) else bind_source(text, path, mounts)
        else:
            device = named[text] if form is Form.TAG else text
            source = device if isinstance(device, ActionError) else _device_source(form, text, device, facts, loops)
        places[resource.id] = Place(point, source)
    return Survey(mounts, places, {path: fact for path, fact in facts.items() if isinstance(fact, FileFact)})


def _known(path: str | ActionError | None) -> str | ActionError:
    return ActionError("realpath did not tell where a path leads", code="path_unknown") if path is None else path


def _device_source(
    form: Form,
    text: str,
    device: str,
    facts: Mapping[str, FileFact | ActionError | None],
    loops: Mapping[str, frozenset[str]] | ActionError,
) -> Source | ActionError:
    fact = facts.get(device)
    if isinstance(fact, ActionError):
        return fact
    if fact is None:
        return Source(form, text, is_there=False)
    if fact.is_block:
        return Source(form, text, numbers=frozenset({fact.number}), device=device)
    if fact.kind.startswith("regular"):
        if isinstance(loops, ActionError):
            return loops
        return Source(form, text, numbers=loops.get(device, frozenset()), device=device, is_file=True)
    return ActionError(
        f"{text} is neither a block device nor an image file, but a {fact.kind}",
        code="no_block_device",
        hint="mnt_opt = bind shows a folder at a second place",
    )


def _look(
    context: Context, ask: Callable[[Context, Sequence[str]], Mapping[str, Fact]], paths: Iterable[str]
) -> dict[str, Fact | ActionError | None]:
    """Ask about all paths at once, or, if that hangs, about each by itself; None for one that the answer leaves out."""
    unique = tuple(dict.fromkeys(paths))
    if not unique:
        return {}
    try:
        found = ask(context, unique)
        return {path: found.get(path) for path in unique}
    except CommandTimeout as error:
        if len(unique) == 1:
            return {unique[0]: error}
    except Cancelled:
        raise
    except ActionError as error:
        return dict.fromkeys(unique, error)

    def alone(path: str) -> Fact | ActionError | None:
        try:
            return ask(context, (path,)).get(path)
        except ActionError as error:
            return error

    with ThreadPoolExecutor(AT_ONCE, "look") as pool:
        return dict(zip(unique, pool.map(alone, unique), strict=True))


def _real_paths(context: Context, paths: Sequence[str]) -> Mapping[str, str]:
    """Where paths lead when links are followed; parts that do not exist are taken as they are written."""
    lines = context.query("realpath", "-m", *paths, timeout=LOOK_LIMIT).stdout.splitlines()
    if len(lines) != len(paths) or not all(line.startswith("/") for line in lines):
        raise ActionError("cannot read what `realpath -m` says", code="path_unknown")
    return dict(zip(paths, lines, strict=True))


def _facts(context: Context, paths: Sequence[str]) -> Mapping[str, FileFact]:
    """What paths are; those that do not exist are left out."""
    result = context.query("stat", "-L", "-c", STAT_FORMAT, *paths, timeout=LOOK_LIMIT, check=False)
    found = parse_stat(result.stdout)
    silent = [path for path in paths if path not in found]
    for path in silent:
        # Its words are "cannot statx 'PATH': REASON", with quotes as they please.
        said = next((line for line in result.stderr.splitlines() if path in line), "stat did not say why")
        if "No such file" not in said and "Not a directory" not in said:
            raise ActionError(f"cannot tell what {path} is: {said}", code="path_unknown")
    return found


def _find_tags(context: Context, texts: Sequence[str]) -> dict[str, str | ActionError]:
    """The device of each tag, empty where none has it."""
    unique = tuple(dict.fromkeys(texts))

    def find(text: str) -> str | ActionError:
        try:
            result = context.query("findfs", text.replace('"', ""), timeout=LOOK_LIMIT, check=False)
        except ActionError as error:
            return error
        device = result.stdout.strip()
        if result.rc == 0 and device.startswith("/"):
            return device
        if result.rc == 1:
            return ""
        return ActionError(f"cannot tell which device has {text}: {result.stderr.strip()}", code="path_unknown")

    with ThreadPoolExecutor(AT_ONCE, "look") as pool:
        return dict(zip(unique, pool.map(find, unique), strict=True))


def _loops(context: Context, images: Sequence[str]) -> Mapping[str, frozenset[str]] | ActionError:
    """The loop devices of image files."""
    try:
        listed = context.query("losetup", "-J", "-l", "-O", "NAME,MAJ:MIN,BACK-FILE", timeout=LOOK_LIMIT)
        files = parse_loops(listed.stdout)
        if files is None:
            return ActionError("cannot read what `losetup -J -l` says", code="loops_unreadable")
        real = _real_paths(context, images)
    except Cancelled:
        raise
    except ActionError as error:
        return error
    return {image: frozenset(each for each, file in files.items() if file == real[image]) for image in images}
