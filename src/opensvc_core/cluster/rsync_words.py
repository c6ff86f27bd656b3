"""What a peer's rsync may ask of the one on this side of the gate: an allow-list, and our own paths. Pure.

The words are those that rsync 3 sends to its other end (``--server``, see rsync(1), rrsync(1)).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from opensvc_core.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Sequence

PARTIAL = ".osvc-partial"
"""Folder, in each folder that is copied to, where what was cut waits for the next transfer."""

# Not among them: L, k, K and a, which follow links; b, which writes backups; s, which sends the other words later.
_LETTERS = re.compile(r"-[lHogDtpAXrcSzOJyWxRvu]+(?:e\d*\.[A-Za-z]*)?")
_LONG = frozenset(
    {
        "--delete",
        "--delete-delay",
        "--force",
        "--stats",
        "--numeric-ids",
        "--ignore-errors",
        "--fsync",
        "--no-implied-dirs",
    }
)
_VALUED = re.compile(
    r"-B\d{1,9}|--(?:timeout|contimeout|bwlimit|max-size|min-size|modify-window|compress-level|block-size)=\d{1,18}"
    r"|--compress-choice=(?:zlibx?|zstd|lz4|none)|--new-compress|--old-compress"
)


class RsyncRefused(ActionError):
    """Words that no rsync of ours sends, or that would do more than a ticket allows."""

    code = "peer_refused"


def server_argv(words: Sequence[str], paths: Sequence[str], *, is_sender: bool) -> tuple[str, ...]:
    """The command that this node runs for a peer's rsync: its allowed options, and paths that this node chose itself.

    Args:
        words: what the peer asks for after the ticket, from ``--server`` on.
        paths: of the ticket: the one destination, or the sources.
        is_sender: whether the ticket is to read from here.

    Raises:
        RsyncRefused: another word, another direction, another number of paths.
    """
    given = list(words)
    if not given or given.pop(0) != "--server":
        raise RsyncRefused("not the words of an rsync", hint="only `osvc sync` and its kin come through here")
    if ("--sender" in given) is not is_sender:
        raise RsyncRefused("the ticket is for the other direction")
    options: list[str] = []
    while given and given[0] != ".":
        word = given.pop(0)
        if word == "--sender":
            if options:
                raise RsyncRefused("a word in a place where rsync has none: --sender")
        elif word == "--partial-dir":
            if not given or given.pop(0) != PARTIAL:
                raise RsyncRefused("another folder for partial files than ours")
            options += [word, PARTIAL]
        elif word in _LONG or _LETTERS.fullmatch(word) or _VALUED.fullmatch(word):
            options.append(word)
        else:
            raise RsyncRefused(f"not among the options that a peer may use: {word[:80]!r}")
    if not given or len(given) - 1 != len(paths):
        raise RsyncRefused(f"{len(given) - 1 if given else 0} paths in place of {len(paths)}")
    if any(word.startswith("-") for word in given):
        raise RsyncRefused("an option in place of a path")
    return ("rsync", "--server", *(("--sender",) if is_sender else ()), *options, ".", *paths)
