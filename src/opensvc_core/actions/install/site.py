"""The machine that is installed on, and one change to it: said before, made after."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.clock import Cancel
from opensvc_core.errors import CommandFailed
from opensvc_core.host import Command
from opensvc_core.state_files import NO_LINK, sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from opensvc_core.host import Host
    from opensvc_core.node import Folders, Node

COMMAND_LIMIT = 60.0
"""Seconds that one command of an installation may take."""


@frozen
class Site:
    """Where an installation is made.

    Attributes:
        node: its name, operating system and folders.
        host: where commands run.
        scripts: folder of the installed commands ``osvc``, ``svcmgr``, ``svcmon``, ``nodemgr``.
        home: of the user that the agent runs as.
        system: folder that stands for ``/`` for all outside the root folder; commands run only where it is ``/``.
    """

    node: Node
    host: Host
    scripts: Path
    home: Path
    system: Path = Path("/")

    @property
    def folders(self) -> Folders:
        """Of the node."""
        return self.node.folders

    @property
    def is_live(self) -> bool:
        """Whether this is the running system."""
        return self.system == Path("/")

    def at(self, path: str) -> Path:
        """A path of the system, ``etc/cron.d``."""
        return self.system / path

    @property
    def has_systemd(self) -> bool:
        """Whether systemd runs here, as sd_booted(3) tells it."""
        return self.at("run/systemd/system").is_dir()


@frozen
class Change:
    """One thing that is not yet as it must be.

    Attributes:
        what: in words, with the path.
        make: makes it so; raises OSError, CommandError.
    """

    what: str
    make: Callable[[], None]


def write_file(path: Path, text: str, mode: int, what: str = "") -> list[Change]:
    """The change that gives a file this text and mode, none if it has both."""
    try:
        is_same = path.read_text(encoding="utf-8") == text and path.stat().st_mode & 0o7777 == mode
    except (OSError, UnicodeError):
        is_same = False
    return [] if is_same else [Change(what or f"write {path}", lambda: _write(path, text, mode))]


def _write(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(0o755, parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.osvc-new")
    scratch.unlink(missing_ok=True)
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINK, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    sync_folder(path.parent)


def make_link(path: Path, target: str) -> list[Change]:
    """The change that makes a path a link to a target, none if it is; what is there and no link is left alone."""
    if path.is_symlink() and os.readlink(path) == target:  # noqa: PTH115 - as it is spelt
        return []
    if path.exists() and not path.is_symlink():
        return []
    return [Change(f"link {path} -> {target}", lambda: _link(path, target))]


def _link(path: Path, target: str) -> None:
    path.parent.mkdir(0o755, parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.osvc-new")
    scratch.unlink(missing_ok=True)
    scratch.symlink_to(target)
    scratch.replace(path)


def remove(path: Path) -> list[Change]:
    """The change that takes a file or link away, none if there is none."""
    return (
        [Change(f"remove {path}", lambda: path.unlink(missing_ok=True))] if path.is_symlink() or path.exists() else []
    )


def run(site: Site, *argv: str) -> list[Change]:
    """A command of the running system; none for a system that lies in a folder."""
    return [Change(f"run {' '.join(argv)}", lambda: _run(site, argv))] if site.is_live else []


def _run(site: Site, argv: tuple[str, ...]) -> None:
    result = site.host.execute(Command(argv, timeout=COMMAND_LIMIT, changes=True), Cancel())
    if result.rc != 0:
        said = (result.stderr or result.stdout).strip().splitlines()
        raise CommandFailed(
            f"`{' '.join(argv)}` ended with status {result.rc}: {said[-1] if said else 'it said nothing'}",
            argv=argv,
            rc=result.rc,
            stdout=result.stdout,
            stderr=result.stderr,
            hint="run it by hand to see why; what was installed before it stays, and is found as done the next time",
        )
