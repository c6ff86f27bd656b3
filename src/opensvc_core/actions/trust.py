"""Trust between nodes: takes another node's card, pins its host keys, and lets its key in where the roles allow."""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.actions.mutual_recovery import mutual_recovery
from opensvc_core.clock import Cancel
from opensvc_core.cluster import authorized_keys, cards, key_files, known_hosts, withdrawn
from opensvc_core.cluster.cards import Card
from opensvc_core.cluster.host_mode import is_recovery_for, read_host_mode, refuse_trust
from opensvc_core.cluster.keys import TrustError, make_own_key, make_private_folder
from opensvc_core.errors import ActionError, OpenSVCError
from opensvc_core.host import Command
from opensvc_core.model import Note, Severity, Veto

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.cluster.keys import PublicKey
    from opensvc_core.model import Service

SCAN_LIMIT = 10.0
"""Seconds for asking this node's own sshd for its keys."""
SECTION = "peer"
"""Section of ``node.conf`` about sessions between nodes."""


@frozen
class Trusted:
    """What was done about one peer.

    Attributes:
        node: its name.
        is_pinned: its host keys are pinned: this node knows whom it talks to.
        is_authorised: its key is let in: it may act here as far as ``osvc peer`` goes.
        is_changed: something was written.
        notes: why it is not authorised, and what else the operator should know.
    """

    node: str
    is_pinned: bool
    is_authorised: bool
    is_changed: bool
    notes: tuple[Note, ...] = ()


def authorized_keys_file(agent: Agent) -> Path:
    """The file in which sshd looks for keys that may log in: ``[peer] authorized_keys``, or the usual one."""
    named = agent.node.setting(SECTION, "authorized_keys")
    return Path(named) if named else Path(pwd.getpwuid(os.geteuid()).pw_dir) / ".ssh" / "authorized_keys"


def served_host_keys(agent: Agent) -> tuple[PublicKey, ...]:
    """With which keys sshd of this node answers: as it says itself on the loopback, else the files of ``/etc/ssh``."""
    argv = ("ssh-keyscan", "-T", "3", "127.0.0.1")
    try:
        found = cards.scanned_keys(agent.host.execute(Command(argv, timeout=SCAN_LIMIT), Cancel()).stdout)
    except ActionError:
        found = ()
    return found or cards.host_keys()


def make_card(agent: Agent) -> Card:
    """This node's card; its key is made if there is none.

    Raises:
        TrustError, ConfigError, CommandError, OSError: it has no key that can be shown, or none can be made.
    """
    node = agent.node
    make_own_key(node.folders, node.name, agent.host)
    try:
        addresses = tuple(each for each in agent.network.resolve(node.name) if not each.startswith("127."))
    except OpenSVCError:
        addresses = ()
    return cards.own_card(node, served_host_keys(agent), addresses)


def take_card(agent: Agent, card: Card, *, replace: bool = False) -> Trusted:
    """Trust another node as far as its role allows: pin its host keys, let its key in.

    Args:
        agent: of this node.
        card: of the other node; whoever calls knows that it is the true one.
        replace: take another key, or other host keys, than those that are known of that node.

    Raises:
        TrustError: ``key_changed``, ``host_key_changed`` without `replace`; it is this node's own card; ``trust_root``.
        ConfigError: ``var/host_mode`` is wrong.
        OSError: a file cannot be written.
    """
    node, folders = agent.node, agent.node.folders
    if card.node.lower() == node.name.lower():
        raise TrustError(f"this is the card of {node.name} itself", code="card", hint="take it to the other nodes")
    notes: list[Note] = []
    veto = refuse_card(agent, card, notes)
    file = authorized_keys_file(agent)
    with key_files.alone(folders.lock):
        allowed, pinned = key_files.read(file), key_files.read(folders.ssh_known_hosts)
        if not replace:
            _refuse_changes(card, allowed, pinned)
        if veto is None:
            new_allowed = authorized_keys.with_peer(allowed, folders.root, card.node, card.key)
        else:
            new_allowed = authorized_keys.without_peer(allowed, card.node)
            notes.append(Note(f"the key of {card.node} is not let in here: {veto.reason}", veto.code, Severity.INFO))
        make_private_folder(folders.ssh)
        if veto is not None:
            withdrawn.withdraw(folders, card.node)
        new_pinned = known_hosts.with_pins(pinned, card.node, card.host_keys)
        is_changed = key_files.edit(folders.ssh_known_hosts, lambda _: new_pinned)
        text = json.dumps(cards.card_document(card), indent=1)
        make_private_folder(folders.ssh_cards)
        is_changed |= key_files.edit(folders.ssh_cards / f"{card.node.lower()}.json", lambda _: text.encode())
        if new_allowed != allowed:
            make_private_folder(file.parent)
            is_changed |= key_files.edit(file, lambda _: new_allowed)
        if veto is None:
            withdrawn.restore(folders, card.node)
    if authorized_keys.foreign_entries(new_allowed, card.key):
        text = f"the key of {card.node} also stands in {file} without the limits of a peer: take that line out"
        notes.append(Note(text, "trust_unrestricted", Severity.ERROR))
    notes += mutual_recovery(node.name, readable_services(agent, []), [card.node])
    _note_name(agent, card, notes)
    return Trusted(card.node, is_pinned=True, is_authorised=veto is None, is_changed=is_changed, notes=tuple(notes))


def refuse_card(agent: Agent, card: Card, notes: list[Note]) -> Veto | None:
    """Why the key of that node must not be let in here, by the roles of both; service files that are broken are noted.

    Raises:
        ConfigError: ``var/host_mode`` is wrong.
    """
    mode = read_host_mode(agent.node.folders)
    services = readable_services(agent, notes)
    return refuse_trust(mode, card.host_mode, peer_is_drpnode=is_recovery_for(agent.node.name, card.node, services))


def readable_services(agent: Agent, notes: list[Note]) -> list[Service]:
    """The services of this node whose files can be read; the others are noted, as roles may be told in them."""
    services = []
    for name in agent.find():
        try:
            services.append(agent.load(name))
        except OpenSVCError as error:
            text = f"{name}: its file cannot be read, so the roles that it gives are not known: {error.message}"
            notes.append(Note(text.partition("\n")[0], "config", Severity.WARNING))
    return services


def _refuse_changes(card: Card, allowed: bytes, pinned: bytes) -> None:
    changed = known_hosts.changed_keys(pinned, card.node, card.host_keys)
    hint = f"compare with `osvc node card` on the console of {card.node}; if it was installed anew, add --replace"
    if changed:
        raise TrustError(
            f"{card.node} has other host keys than those that are pinned ({', '.join(changed)}): "
            "this may be another machine",
            code="host_key_changed",
            hint=hint,
        )
    known = next((e for name, e in authorized_keys.peers(allowed).items() if name.lower() == card.node.lower()), None)
    if known is not None and known.key != card.key:
        raise TrustError(f"{card.node} has another key than the one that is let in here", code="key_changed", hint=hint)


def _note_name(agent: Agent, card: Card, notes: list[Note]) -> None:
    """A node that has no address cannot be reached, whatever is trusted."""
    try:
        addresses: Sequence[str] = agent.network.resolve(card.node)
    except OpenSVCError:
        addresses = ()
    if not addresses:
        example = f"`{card.addresses[0]} {card.node}`" if card.addresses else "its address"
        text = f"the name {card.node} has no address here: write {example} into {agent.node.folders.etc / 'hosts'}"
        notes.append(Note(text, "no_address", Severity.WARNING))


def forget(agent: Agent, peer: str) -> Trusted:
    """Trust a node no more: its key is not let in, its host keys are not known.

    Raises:
        OSError: a file cannot be written.
    """
    folders = agent.node.folders
    file = authorized_keys_file(agent)
    with key_files.alone(folders.lock):
        withdrawn.withdraw(folders, peer)
        is_changed = key_files.edit(file, lambda content: authorized_keys.without_peer(content, peer))
        is_changed |= key_files.edit(folders.ssh_known_hosts, lambda content: known_hosts.without_pins(content, peer))
    return Trusted(peer, is_pinned=False, is_authorised=False, is_changed=is_changed)


def kept_cards(agent: Agent) -> dict[str, Card]:
    """The cards of other nodes that this one took, by node in lower case; one that cannot be read is left out."""
    found = {}
    for path in sorted(agent.node.folders.ssh_cards.glob("*.json")):
        try:
            card = cards.parse_card(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeError, TrustError):
            continue
        found[card.node.lower()] = card
    return found


def known_peers(agent: Agent) -> tuple[str, ...]:
    """Nodes that this one knows: those whose host keys are pinned, and those whose key is let in."""
    names = [
        *known_hosts.pins(key_files.read(agent.node.folders.ssh_known_hosts)),
        *authorized_keys.peers(key_files.read(authorized_keys_file(agent))),
    ]
    return tuple(sorted({name.lower(): name for name in reversed(names)}.values(), key=str.lower))
