"""The command line of rsync: what is always there, what a service file may add, what comes out. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from opensvc_core.cluster.rsync_words import PARTIAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opensvc_core.replication import Transfer

BASE = (
    "--hard-links",
    "--perms",
    "--owner",
    "--group",
    "--devices",
    "--specials",
    "--times",
    "--recursive",
    "--links",
    "--one-file-system",
    "--numeric-ids",
    "--delete",
    "--delete-delay",
    "--force",
    f"--partial-dir={PARTIAL}",
    "--timeout=300",
)
"""``-HpogDtrlx --delete --force`` of 2010; what was cut is resumed from a folder that no reader takes for data.

``--delete-delay``: what is gone at the source goes here only when all the rest has come.
"""
STATISTICS = ("--stats", "--info=progress2", "--outbuf=L")

FLAGS = frozenset(
    {
        "--acls", "--xattrs", "--sparse", "--whole-file", "--no-whole-file", "--checksum", "--compress", "--fuzzy",
        "--no-one-file-system", "--fsync", "--omit-dir-times", "--omit-link-times", "--ignore-errors",
        "-A", "-X", "-S", "-W", "-c", "-z", "-y", "-O", "-J",
    }
)  # fmt: skip
"""Options that a service file may add: they change how something is copied, never where to, or what runs."""
_VALUED = re.compile(
    r"--(?:exclude|include)=.+"
    r"|--(?:max-size|min-size|block-size)=\d+(?:\.\d+)?[KMGTkmgt]?(?:i?[Bb])?"
    r"|--(?:timeout|contimeout|compress-level|modify-window|bwlimit)=\d+"
    r"|--chmod=[DFugoa0-7rwxXst+=,-]+"
)
_PROGRESS = re.compile(r"([\d,]+)\s+(\d{1,3})%\s+(\S+/s)\s+([\d:]+)")


def refuse_options(options: Iterable[str]) -> str:
    """Why the options of a service file cannot be used, naming the first; empty if they can."""
    for option in options:
        if option not in FLAGS and not _VALUED.fullmatch(option):
            return f"{option!r} is not among the options of rsync that may be given"
        if "\n" in option or "\0" in option:
            return f"{option!r} holds a character that no option may hold"
    return ""


def rsync_argv(
    transfer: Transfer,
    sources: Sequence[str],
    *,
    options: Sequence[str] = (),
    excludes: Sequence[str] = (),
    is_relative: bool = False,
) -> tuple[str, ...]:
    """The whole command line of a transfer.

    Args:
        transfer: with whom, and how that node is reached.
        sources: paths; a slash at the end means what is in a folder.
        options: of the service file, allowed ones.
        excludes: patterns.
        is_relative: whether whole paths are kept below the destination.
    """
    shell = " ".join(_quoted(word) for word in transfer.shell)
    argv = ["rsync", *BASE, *STATISTICS, *options]
    if is_relative:
        argv += ["--relative", "--no-implied-dirs"]
    argv += [f"--exclude={pattern}" for pattern in excludes]
    if transfer.bandwidth:
        argv.append(f"--bwlimit={transfer.bandwidth}")
    argv += ["-e", shell, f"--rsync-path={transfer.command}", "--"]
    # A colon ends the name of a host: an IPv6 address stands in brackets (rsync(1)).
    host = f"[{transfer.address}]" if ":" in transfer.address else transfer.address
    if transfer.is_pull:
        return (*argv, *(f"{host}:{source}" for source in sources), transfer.destination)
    # The place is the peer's own, by the ticket: whatever stands here, it takes none of it.
    return (*argv, *sources, f"{host}:ticket")


def _quoted(word: str) -> str:
    """A word for rsync's own splitting of ``-e``: at blanks, with quotes that are doubled inside (rsync(1))."""
    if word and not re.search(r"[\s'\"]", word):
        return word
    return "'" + word.replace("'", "''") + "'"


def read_progress(text: str) -> str:
    """The last word on how far a transfer is, in what rsync has just printed: ``42 %, 12.1MB/s, 0:01:12 left``.

    Of ``--info=progress2`` (rsync(1)): bytes, percent of the whole, speed, time. Empty if it says nothing of it.
    """
    found = _PROGRESS.findall(text)
    return "{1} %, {2}, {3} left".format(*found[-1]) if found else ""


EXITS = {
    10: "the connection was lost",
    11: "a file could not be read or written: is the disk full?",
    12: "the connection was cut, or the peer has refused it",
    23: "some files could not be copied",
    24: "some files vanished meanwhile",
    25: "more files would be deleted than may be",
    30: "nothing moved for too long",
    35: "the peer could not be reached in time",
}
"""What an exit status means (rsync(1)), where it says more than that it failed."""


def summary(stdout: str) -> str:
    """How much was copied, from what ``--stats`` prints; empty if it does not say."""
    files = re.search(r"Number of regular files transferred: ([\d,]+)", stdout)
    size = re.search(r"Total transferred file size: ([\d,]+)", stdout)
    gone = re.search(r"Number of deleted files: ([\d,]+)", stdout)
    if files is None or size is None:
        return ""
    deleted = f", {gone[1]} deleted" if gone and gone[1] != "0" else ""
    return f"{files[1]} files, {size[1]} bytes{deleted}"
