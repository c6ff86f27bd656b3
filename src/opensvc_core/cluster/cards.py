"""The card of a node: what others must know to trust it, as one JSON document, read strictly."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from opensvc_core.cluster.host_mode import HostMode, read_host_mode
from opensvc_core.cluster.keys import PublicKey, TrustError, parse_public_key, read_own_key
from opensvc_core.config.names import is_node_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opensvc_core.node import Node

VERSION = 1
LARGEST = 64 * 1024
"""Bytes of a card."""
LONGEST_NODE = 255
MOST = 16
"""Host keys, or addresses, of one node."""
SSHD_FOLDER = Path("/etc/ssh")
"""Where sshd keeps the host keys of this machine."""
MEMBERS = frozenset({"card", "node", "host_mode", "key", "host_keys", "addresses"})


@frozen
class Card:
    """What others must know of a node to trust it. There is no secret in it.

    Attributes:
        node: its name.
        host_mode: what it is for, ``None`` if that is not set.
        key: with which its agent comes to others.
        host_keys: with which its sshd answers.
        addresses: of the node, as far as it knows; for an operator to compare.
    """

    node: str
    host_mode: HostMode | None
    key: PublicKey
    host_keys: tuple[PublicKey, ...]
    addresses: tuple[str, ...] = ()


def host_keys(folder: Path = SSHD_FOLDER) -> tuple[PublicKey, ...]:
    """Public host keys of this machine's sshd; files that hold none that is taken are passed over."""
    found = []
    for path in sorted(folder.glob("ssh_host_*_key.pub")):
        try:
            found.append(parse_public_key(path.read_text(encoding="utf-8", errors="replace")))
        except (OSError, ValueError):
            continue
    return tuple(found)


def scanned_keys(text: str) -> tuple[PublicKey, ...]:
    """Host keys from what ssh-keyscan(1) printed: ``name kind base64``, one a line."""
    found: dict[str, PublicKey] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 3 and not line.startswith("#"):
            try:
                key = parse_public_key(f"{words[1]} {words[2]}")
            except ValueError:
                continue
            found[key.kind] = key
    return tuple(found[kind] for kind in sorted(found))


def own_card(node: Node, keys: Sequence[PublicKey], addresses: Iterable[str] = ()) -> Card:
    """The card of this node.

    Args:
        node: this node.
        keys: with which its sshd answers.
        addresses: of it, as far as they are known.

    Raises:
        TrustError: it has no key, or sshd has none.
        ConfigError: ``var/host_mode`` is wrong.
    """
    if not is_node_name(node.name):
        raise TrustError(f"{node.name!r} is not the name of a node", code="card", hint="see `hostname`, or $OSVC_NODE")
    if not keys:
        raise TrustError(
            f"sshd of this node does not answer and has no host key in {SSHD_FOLDER}",
            code="card",
            hint="install openssh-server and start it",
        )
    return Card(node.name, read_host_mode(node.folders), read_own_key(node.folders), tuple(keys), tuple(addresses))


def card_document(card: Card) -> dict[str, Any]:
    """A card as JSON."""
    return {
        "card": VERSION,
        "node": card.node,
        "host_mode": card.host_mode.value if card.host_mode else None,
        "key": str(card.key),
        "host_keys": [str(key) for key in card.host_keys],
        "addresses": list(card.addresses),
    }


def parse_card(text: str) -> Card:
    """Read a card that came from elsewhere: nothing in it is trusted before it is looked at.

    Raises:
        TrustError: ``card``: it is none; the message says what is wrong.
    """
    if len(text.encode("utf-8", "replace")) > LARGEST:
        raise _wrong(f"it is longer than {LARGEST} bytes")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _wrong("it is not JSON") from error
    return card_of(document)


def card_of(document: object) -> Card:
    """A card from its JSON. Raises TrustError."""
    if not isinstance(document, dict):
        raise _wrong("it is not a JSON object")
    if document.get("card") != VERSION or isinstance(document["card"], bool):
        raise _wrong(f"it is of version {document.get('card')!r}, not {VERSION}", "use the same version on both nodes")
    if unknown := sorted(set(document) - MEMBERS):
        raise _wrong(f"it holds {str(unknown[0])[:40]!r}, which no card has")
    node = document.get("node")
    if not isinstance(node, str) or len(node) > LONGEST_NODE or not is_node_name(node):
        raise _wrong(f"{node!r:.60} is not the name of a node")
    addresses = _list(document, "addresses")
    for each in addresses:
        try:
            ipaddress.ip_address(each)
        except ValueError as error:
            raise _wrong(f"{each!r:.60} is no address") from error
    keys = tuple(_key(each) for each in _list(document, "host_keys"))
    if not keys or len({key.kind for key in keys}) != len(keys):
        raise _wrong("it must hold host keys, one of a kind")
    return Card(node, _mode(document.get("host_mode")), _key(document.get("key")), keys, addresses)


def _mode(word: object) -> HostMode | None:
    if word is None:
        return None
    try:
        return HostMode(word)
    except ValueError as error:
        raise _wrong(f"{word!r:.60} is no host mode") from error


def _key(text: object) -> PublicKey:
    if not isinstance(text, str) or len(text.split(" ")) != 2:
        raise _wrong("a key must be a kind, a blank and base64")
    try:
        key = parse_public_key(text)
    except ValueError as error:
        raise _wrong(f"one of its keys cannot be used: {error}") from error
    if str(key) != text:
        raise _wrong("a key must be a kind, a blank and base64")
    return key


def _list(document: dict[str, Any], member: str) -> tuple[str, ...]:
    values = document.get(member)
    if not isinstance(values, list) or len(values) > MOST or not all(isinstance(each, str) for each in values):
        raise _wrong(f"{member} must be a list of at most {MOST} texts")
    return tuple(values)


def _wrong(reason: str, hint: str = "") -> TrustError:
    return TrustError(f"this is not the card of a node: {reason}", code="card", hint=hint or "osvc node card prints it")
