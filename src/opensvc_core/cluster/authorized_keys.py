"""Peers' keys in root's ``authorized_keys``: one line a peer, bound to ``osvc peer``; foreign lines stay. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.cluster.keys import KINDS, PublicKey, TrustError, parse_public_key
from opensvc_core.config.names import is_node_name
from opensvc_core.node import DEFAULT_ROOT

if TYPE_CHECKING:
    from pathlib import Path

_ROOT = re.compile(r"(?:/[A-Za-z0-9_][A-Za-z0-9._+-]*)+")
# sshd(8): options end at the first blank outside quotes; a quote within quotes is written \".
_OPTIONS = re.compile(r'(?:[^\s"]|"(?:[^"\\]|\\.)*")+')
_MARK = re.compile(r"opensvc:([A-Za-z0-9][A-Za-z0-9._-]*)")


@frozen
class Entry:
    """One key of the file.

    Attributes:
        options: what stands before the key, empty for a key that may do everything.
        key: the key; ``None`` where the line holds none that can be read.
        comment: what stands behind it.
    """

    options: str
    key: PublicKey | None
    comment: str

    @property
    def peer(self) -> str:
        """Name of the peer whose line this is, empty for a foreign line: it has our mark and our command."""
        marked = _MARK.fullmatch(self.comment)
        is_ours = marked and f'osvc peer --from {marked[1]}"' in self.options
        return marked[1] if marked and is_ours else ""


def forced_command(root: Path, peer: str) -> str:
    """What sshd runs for a peer, whatever the peer asks for.

    Args:
        root: root folder of this node.
        peer: name of the peer.

    Raises:
        TrustError: ``trust_root``: the folder's name holds what a shell would read.
    """
    if not is_node_name(peer):
        raise TrustError(f"{peer!r} is not the name of a node", code="card")
    if not _ROOT.fullmatch(str(root)):
        raise TrustError(
            f"the root folder {str(root)!r} cannot stand in a forced command",
            code="trust_root",
            hint="use a folder whose name has letters, digits and . _ + - only",
        )
    setting = "" if root == DEFAULT_ROOT else f"OSVC_ROOT={root} "
    return f"{setting}{root}/bin/osvc peer --from {peer}"


def line(root: Path, peer: str, key: PublicKey) -> bytes:
    """The line of a peer: nothing but the forced command, no terminal, no forwarding. Raises TrustError."""
    return f'restrict,command="{forced_command(root, peer)}" {key} opensvc:{peer}\n'.encode("ascii")


def parse_line(text: str) -> Entry | None:
    """One line of the file; ``None`` for a comment, a blank line, and what sshd would skip."""
    text = text.strip()
    if not text or text.startswith("#"):
        return None
    options = ""
    if text.split(None, 1)[0] not in KINDS:
        found = _OPTIONS.match(text)
        options = found[0] if found else ""
        text = text[len(options) :].lstrip()
    words = text.split(None, 2)
    if len(words) < 2:
        return None
    try:
        key: PublicKey | None = parse_public_key(" ".join(words[:2]))
    except ValueError:
        key = None
    return Entry(options, key, words[2].strip() if len(words) > 2 else "")


def entries(content: bytes) -> tuple[Entry, ...]:
    """Every key of the file."""
    lines = content.decode("utf-8", "replace").split("\n")
    return tuple(entry for each in lines if (entry := parse_line(each)) is not None)


def peers(content: bytes) -> dict[str, Entry]:
    """The peers that may come in, by name."""
    return {entry.peer: entry for entry in entries(content) if entry.peer}


def foreign_entries(content: bytes, key: PublicKey) -> tuple[Entry, ...]:
    """Lines that are not ours and let the same key in: it would do there what the peer's line forbids."""
    return tuple(entry for entry in entries(content) if entry.key == key and not entry.peer)


def with_peer(content: bytes, root: Path, peer: str, key: PublicKey) -> bytes:
    """The file with the line of a peer: in its old place, else at the end. Raises TrustError."""
    wanted = line(root, peer, key)
    kept: list[bytes] = []
    is_there = False
    for each in _split(content):
        if _is_of(each, peer):
            if not is_there:
                kept.append(wanted)
            is_there = True
        else:
            kept.append(each)
    if is_there:
        return b"".join(kept)
    if kept and not kept[-1].endswith(b"\n"):
        kept.append(b"\n")
    return b"".join([*kept, wanted])


def without_peer(content: bytes, peer: str) -> bytes:
    """The file without the line of a peer."""
    return b"".join(each for each in _split(content) if not _is_of(each, peer))


def _split(content: bytes) -> list[bytes]:
    """Lines with their ends; only a line feed ends one, as for sshd."""
    lines = content.split(b"\n")
    return [each + b"\n" for each in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _is_of(raw: bytes, peer: str) -> bool:
    entry = parse_line(raw.decode("utf-8", "replace"))
    return entry is not None and entry.peer.lower() == peer.lower()
