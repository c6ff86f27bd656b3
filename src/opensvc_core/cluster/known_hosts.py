"""Pinned host keys of peers, in a file of our own: one line a key, named by the node alone; foreign lines stay. Pure.

A session names the peer by ``HostKeyAlias``: its addresses may change, and what is pinned is the node.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.cluster.keys import KINDS, PublicKey, parse_public_key

if TYPE_CHECKING:
    from collections.abc import Iterable


def pins(content: bytes) -> dict[str, tuple[PublicKey, ...]]:
    """Pinned keys by node, names as they stand in the file."""
    found: dict[str, list[PublicKey]] = {}
    for each in _split(content):
        node, key = _parse(each)
        if key is not None:
            found.setdefault(node, []).append(key)
    return {node: tuple(keys) for node, keys in found.items()}


def pins_of(content: bytes, node: str) -> tuple[PublicKey, ...]:
    """Pinned keys of one node."""
    return tuple(key for name, keys in pins(content).items() if name.lower() == node.lower() for key in keys)


def changed_keys(content: bytes, node: str, keys: Iterable[PublicKey]) -> tuple[str, ...]:
    """Kinds whose key is not the pinned one; a kind that was not pinned is none of them."""
    pinned = {key.kind: key for key in pins_of(content, node)}
    return tuple(key.kind for key in keys if key.kind in pinned and pinned[key.kind] != key)


def with_pins(content: bytes, node: str, keys: Iterable[PublicKey]) -> bytes:
    """The file with these keys of a node and no others of it; they keep their place, or come to the end."""
    wanted = [f"{node} {key} opensvc:{node}\n".encode("ascii") for key in keys]
    kept: list[bytes] = []
    is_there = False
    for each in _split(content):
        if _is_of(each, node):
            if not is_there:
                kept += wanted
            is_there = True
        else:
            kept.append(each)
    if is_there:
        return b"".join(kept)
    if kept and not kept[-1].endswith(b"\n"):
        kept.append(b"\n")
    return b"".join([*kept, *wanted])


def without_pins(content: bytes, node: str) -> bytes:
    """The file without the keys of a node."""
    return b"".join(each for each in _split(content) if not _is_of(each, node))


def _split(content: bytes) -> list[bytes]:
    lines = content.split(b"\n")
    return [each + b"\n" for each in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _parse(raw: bytes) -> tuple[str, PublicKey | None]:
    words = raw.decode("utf-8", "replace").split()
    if len(words) < 3 or words[0].startswith(("#", "@")) or words[1] not in KINDS:
        return "", None
    try:
        return words[0], parse_public_key(f"{words[1]} {words[2]}")
    except ValueError:
        return "", None


def _is_of(raw: bytes, node: str) -> bool:
    name, key = _parse(raw)
    return key is not None and name.lower() == node.lower()
