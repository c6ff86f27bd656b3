"""The folder in which a demo plays: `.demo` in a clone of the repository, a temporary one elsewhere."""

from __future__ import annotations

import fcntl
import os
import shutil
import sysconfig
import tempfile
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NODE = "node109"
"""The node of the cookbook that the demo plays on."""
FOLDER = ".demo"
TERMINFO = "/usr/share/lib/terminfo"
OWN_VARIABLES = ("OSVC_DISABLED_DRIVERS", "OSVC_SIMULATED")
"""What an operator may have set and the demo must not inherit."""


class StageError(Exception):
    """The demo cannot play here; the text says why and what to do."""


@frozen
class Stage:
    """A folder with a root folder of OpenSVC in it.

    Attributes:
        folder: where commands of the demo run.
        os_name: operating system of the nodes, as ``uname -s`` prints it.
    """

    folder: Path
    os_name: str = "Linux"

    @property
    def root(self) -> Path:
        """``$OSVC_ROOT`` of the demo."""
        return self.folder / "opensvc"

    @property
    def bin(self) -> Path:
        """Commands that stand before those of the machine; a demo without simulators has none there."""
        return self.folder / "bin"

    def variables(self, path: str) -> dict[str, str]:
        """What makes commands play on this stage: ``PATH``, ``OSVC_ROOT``, ``OSVC_NODE``, ``OSVC_OS``.

        Args:
            path: where other commands are looked for.
        """
        # The line of the cookbook for a node's start-up: without it HP-UX' terminal library spoils output.
        terminal = {"TERMINFO": TERMINFO} if self.os_name == "HP-UX" else {}
        folders = [str(self.bin), sysconfig.get_path("scripts"), *path.split(os.pathsep)]
        return {
            # An empty word would be the folder that the operator is in.
            "PATH": os.pathsep.join(dict.fromkeys(folder for folder in folders if folder)),
            "OSVC_ROOT": str(self.root),
            "OSVC_NODE": NODE,
            "OSVC_OS": self.os_name,
            **terminal,
        }

    def environment(self, variables: Mapping[str, str]) -> dict[str, str]:
        """The environment of a command on this stage, made of that of this process."""
        kept = {name: value for name, value in variables.items() if name not in OWN_VARIABLES}
        return {**kept, **self.variables(variables.get("PATH", os.defpath))}


@contextmanager
def open_stage(start: Path) -> Iterator[Stage]:
    """An empty stage for as long as the block lasts.

    In a clone of the repository it is the folder ``.demo``, which stays and is emptied by the next demo; elsewhere it
    is a temporary folder, which goes.

    Args:
        start: the folder that the operator is in.

    Raises:
        StageError: another demo plays there, or the folder cannot be made.
    """
    clone = find_clone(start)
    if clone is None:
        with tempfile.TemporaryDirectory(prefix="opensvc-demo-") as temporary:
            yield Stage(Path(temporary))
        return
    folder = clone / FOLDER
    try:
        folder.mkdir(exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StageError(f"{folder} cannot be made: {error.strerror}") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StageError(f"another demo plays in {folder}: wait for its end") from error
        _empty(folder)
        yield Stage(folder)
    finally:
        os.close(lock)


def find_clone(start: Path) -> Path | None:
    """The clone of the repository that a folder lies in: where the distribution ``opensvc`` is described."""
    for folder in (start, *start.parents):
        try:
            described = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if described.get("project", {}).get("name") == "opensvc":
            return folder
    return None


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.name == "lock":
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
