"""Application launchers as files: which names count, in which order, and which of this node may be run at all."""

from __future__ import annotations

import re
import stat
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Set
    from pathlib import Path

_NAME = re.compile(r"[SKC][0-9]+[A-Za-z0-9_.@+:-]*")
_LEFT_BEHIND = (
    ".bak",
    ".orig",
    ".rej",
    ".swp",
    ".rpmsave",
    ".rpmorig",
    ".rpmnew",
    ".dpkg-old",
    ".dpkg-new",
    ".dpkg-dist",
)
"""Endings that editors and packages give to copies: a copy must not be run beside its original."""
MOST_LINKS = 40
"""Links that are followed; as many as the kernel does."""
STANDBY = ".standby@"
"""In the name of launchers that only a standby start runs."""


def is_launcher(name: str) -> bool:
    """Whether a file name is that of a launcher: ``S``, ``K`` or ``C``, digits, and a name."""
    return bool(_NAME.fullmatch(name)) and not name.endswith(_LEFT_BEHIND) and STANDBY not in name


def choose(paths: Iterable[str], letter: str) -> tuple[str, ...]:
    """The launchers of one letter among paths, in the order in which they are run: by name, as SysV init does."""
    named = {PurePosixPath(path).name: path for path in paths}
    return tuple(path for name, path in sorted(named.items()) if name.startswith(letter) and is_launcher(name))


def parse_find(text: str, folder: str) -> tuple[str, ...]:
    """Paths of launchers directly in a folder from what ``find FOLDER/. …`` printed, spelt as below the folder."""
    found = []
    for line in text.splitlines():
        name = PurePosixPath(line).name
        if line in {f"{folder}/./{name}", f"{folder}/{name}"} and is_launcher(name):
            found.append(f"{folder}/{name}")
    return tuple(found)


def list_local(folder: Path) -> tuple[str, ...]:
    """Paths of the launchers in a folder of this node; none if there is no such folder. Raises OSError."""
    try:
        return tuple(str(entry) for entry in folder.iterdir() if is_launcher(entry.name) and not entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return ()


def distrust(script: Path, uid: int, gid: int) -> str:
    """Why a launcher of this node must not be run, empty if it may: root runs nothing that others can change.

    The file, each folder above it, and the same of every link on the way must belong to root or to the agent's user,
    and be writable by nobody else. A folder with the sticky bit may be: nobody can rename what is in it. An agent that
    is not root also trusts its own group, which is private to a user on many systems.

    Args:
        script: path of the launcher.
        uid: user that the agent runs as.
        gid: group that the agent runs as.
    """
    groups = {0} if uid == 0 else {0, gid}
    path: Path | None = script.absolute()
    try:
        for _ in range(MOST_LINKS):
            if path is None:
                return ""
            path, reason = _walk(path, {0, uid}, groups)
            if reason:
                return reason
    except OSError as error:
        return f"{error.filename or script}: {error.strerror}"
    return f"{script} leads through more than {MOST_LINKS} links"


def _walk(path: Path, users: Set[int], groups: Set[int]) -> tuple[Path | None, str]:
    """Look at a path from the root down to its first link: what it then leads to, or None, and a reason."""
    for each in (*reversed(path.parents), path):
        facts = each.lstat()
        if facts.st_uid not in users:
            return None, f"{each} belongs to user {facts.st_uid}"
        if stat.S_ISLNK(facts.st_mode):
            # The mode of a link means nothing; who may replace it is told by its folder, which was looked at.
            return each.parent / each.readlink() / path.relative_to(each), ""
        is_sticky = stat.S_ISDIR(facts.st_mode) and facts.st_mode & stat.S_ISVTX
        is_open = facts.st_mode & stat.S_IWOTH or (facts.st_mode & stat.S_IWGRP and facts.st_gid not in groups)
        if is_open and not is_sticky:
            return None, f"{each} can be written by others (mode {stat.S_IMODE(facts.st_mode):04o})"
    return None, ""
