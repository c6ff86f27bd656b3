"""Looks whether trust is as it must be: what stands in the files, and whether each pair of nodes proves it."""

from __future__ import annotations

import stat
from enum import Enum
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from opensvc_core.actions.mutual_recovery import mutual_recovery
from opensvc_core.actions.trust import authorized_keys_file, kept_cards, known_peers, readable_services, refuse_card
from opensvc_core.cluster import authorized_keys, key_files, known_hosts
from opensvc_core.cluster.host_mode import WORDS, HostMode, is_recovery_for, read_host_mode, refuse_trust
from opensvc_core.cluster.keys import TrustError, read_own_key
from opensvc_core.errors import OpenSVCError
from opensvc_core.fanout import side_by_side
from opensvc_core.model import Note, Severity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from opensvc_core.actions.agent import Agent
    from opensvc_core.cluster.authorized_keys import Entry
    from opensvc_core.cluster.cards import Card
    from opensvc_core.model import Service

PROOF_LIMIT = 20.0
"""Seconds that one pair has to prove itself both ways."""
PAIRS_AT_ONCE = 8
WRITABLE = stat.S_IWGRP | stat.S_IWOTH


class Proof(Enum):
    """What came of one way between two nodes."""

    PROVED = "proved"
    """A session was opened and answered."""
    BARRED = "barred"
    """The roles forbid it, and it is not there."""
    FAILED = "failed"
    """It should be there, and is not; or it is there, and should not."""


@frozen
class Pair:
    """This node and one peer.

    Attributes:
        node: the peer.
        there: the way from this node to it.
        back: the way from it to this node.
        notes: why.
    """

    node: str
    there: Proof
    back: Proof
    notes: tuple[Note, ...] = ()


@frozen
class TrustCheck:
    """All that was found.

    Attributes:
        pairs: a pair a known peer.
        notes: what is wrong on this node itself.
    """

    pairs: tuple[Pair, ...]
    notes: tuple[Note, ...]

    @property
    def is_good(self) -> bool:
        """Nothing is wrong and each way that is allowed was proved."""
        ways = (way for pair in self.pairs for way in (pair.there, pair.back))
        notes = (*self.notes, *(note for pair in self.pairs for note in pair.notes))
        return Proof.FAILED not in ways and all(note.severity is not Severity.ERROR for note in notes)


def check_trust(agent: Agent, names: Sequence[str] = ()) -> TrustCheck:
    """Look into the files of this node, and have each pair with a known peer prove both ways, all side by side.

    Args:
        agent: of this node.
        names: only these peers; all that are known by default.

    Raises:
        ConfigError: ``var/host_mode`` is wrong.
        TrustError: one of the names is not known.
    """
    notes = audit(agent)
    peers = known_peers(agent)
    wanted = [name.lower() for name in names]
    unknown = [name for name in names if name.lower() not in {peer.lower() for peer in peers}]
    if unknown:
        raise TrustError(f"{unknown[0]} is not known here", code="unknown_peer", hint=f"osvc node trust {unknown[0]}")
    services = readable_services(agent, [])
    chosen = [peer for peer in peers if not wanted or peer.lower() in wanted]
    pairs = []
    for peer, answer in side_by_side(chosen, lambda each: prove(agent, each, services), PAIRS_AT_ONCE):
        if isinstance(answer, Pair):
            pairs.append(answer)
        else:
            pairs.append(Pair(peer, Proof.FAILED, Proof.FAILED, (_error(f"{peer}: {answer}", "peer"),)))
    return TrustCheck(tuple(sorted(pairs, key=lambda pair: pair.node.lower())), tuple(notes))


def audit(agent: Agent) -> list[Note]:
    """What is wrong with keys and lines on this node, without asking anybody.

    Raises:
        ConfigError: ``var/host_mode`` is wrong.
    """
    notes: list[Note] = []
    try:
        read_own_key(agent.node.folders)
    except TrustError as error:
        notes.append(_error(f"{error.message}: {error.hint}", error.code))
    file = authorized_keys_file(agent)
    for path in (file, file.parent, agent.node.folders.ssh_known_hosts, agent.node.folders.ssh):
        notes += _writable(path)
    content = key_files.read(file)
    services = readable_services(agent, notes)
    for peer, entry in authorized_keys.peers(content).items():
        notes += _audit_line(agent, peer, entry, services, content, file)
    notes += mutual_recovery(agent.node.name, services)
    for card in kept_cards(agent).values():
        notes += _audit_card(agent, card, content, file)
    return list(dict.fromkeys(notes))


def _audit_line(
    agent: Agent, peer: str, entry: Entry, services: Sequence[Service], content: bytes, file: Path
) -> list[Note]:
    notes = []
    if is_recovery_for(agent.node.name, peer, services):
        text = f"{peer} is a disaster-recovery node of this production node, and its key is let in: "
        notes.append(_error(f"{text}osvc node trust --remove {peer}", "trust_forbidden"))
    command = authorized_keys.forced_command(agent.node.folders.root, peer)
    if entry.options != f'restrict,command="{command}"':
        notes.append(
            _error(f"the line of {peer} in {file} has other options: osvc node trust {peer}", "trust_unrestricted")
        )
    if entry.key is None:
        notes.append(_error(f"the line of {peer} in {file} holds no key: osvc node trust {peer}", "key_missing"))
    elif authorized_keys.foreign_entries(content, entry.key):
        notes.append(_unrestricted(peer, file))
    return notes


def _audit_card(agent: Agent, card: Card, content: bytes, file: Path) -> list[Note]:
    """A key that stands there under whatever name, of a node whose role forbids it."""
    if not any(entry.key == card.key for entry in authorized_keys.entries(content)):
        return []
    veto = refuse_card(agent, card, [])
    if veto is not None:
        text = f"the key of {card.node} is let in by {file}: {veto.reason}: osvc node trust {card.node}"
        return [_error(text, "trust_forbidden")]
    return [_unrestricted(card.node, file)] if authorized_keys.foreign_entries(content, card.key) else []


def _unrestricted(peer: str, file: Path) -> Note:
    text = f"the key of {peer} also stands in {file} without the limits of a peer: take that line out"
    return _error(text, "trust_unrestricted")


def _writable(path: Path) -> list[Note]:
    try:
        mode = path.stat().st_mode
    except OSError:
        return []
    if not mode & WRITABLE:
        return []
    return [_error(f"others can write {path}: chmod go-w {path}", "key_exposed")]


def prove(agent: Agent, peer: str, services: Sequence[Service]) -> Pair:
    """Open a session with a peer, and have it open one back, where the roles allow that; raises nothing."""
    notes: list[Note] = []
    folders = agent.node.folders
    card = kept_cards(agent).get(peer.lower())
    mode = read_host_mode(folders)
    is_let_in = any(name.lower() == peer.lower() for name in authorized_keys.peers(_lines(agent)))
    barred = refuse_trust(
        card.host_mode if card else None, mode, peer_is_drpnode=is_recovery_for(peer, agent.node.name, services)
    )
    there, heard = _prove_there(agent, peer, notes, is_barred=barred is not None)
    if card is not None and heard in WORDS and heard != (card.host_mode.value if card.host_mode else ""):
        text = f"{peer} is {heard} now, and its card says otherwise: osvc node trust {peer}"
        notes.append(Note(text, "host_mode_changed", Severity.WARNING))
        card = evolve(card, host_mode=HostMode(heard))
    back_barred = (card is not None and refuse_card(agent, card, []) is not None) or is_recovery_for(
        agent.node.name, peer, services
    )
    if back_barred:
        back = Proof.FAILED if is_let_in else Proof.BARRED
        if is_let_in:
            text = f"the key of {peer} is let in here, which the roles forbid: osvc node trust {peer} takes it out"
            notes.append(_error(text, "trust_forbidden"))
    elif not is_let_in:
        notes.append(_error(f"the key of {peer} is not let in here: osvc node trust {peer}", "peer_refused"))
        back = Proof.FAILED
    elif there is not Proof.PROVED:
        notes.append(
            Note(f"{peer} was not asked for the way back; run this on {peer} too", "way_back", Severity.WARNING)
        )
        back = Proof.BARRED if there is Proof.BARRED else Proof.FAILED
    else:
        back = _prove_back(agent, peer, notes)
    return Pair(peer, there, back, tuple(notes))


def _lines(agent: Agent) -> bytes:
    return key_files.read(authorized_keys_file(agent))


def _prove_there(agent: Agent, peer: str, notes: list[Note], *, is_barred: bool) -> tuple[Proof, str]:
    """What came of the way there, and the host mode that the peer gave, if it did."""
    if not known_hosts.pins_of(key_files.read(agent.node.folders.ssh_known_hosts), peer):
        notes.append(_error(f"the host keys of {peer} are not pinned: osvc node trust {peer}", "host_key_unknown"))
        return Proof.FAILED, ""
    try:
        heard = agent.peers.link(peer).request("hello", {}, timeout=PROOF_LIMIT)
    except OpenSVCError as error:
        if is_barred and error.code == "peer_refused":
            return Proof.BARRED, ""
        notes.append(_error(error.message, error.code))
        return Proof.FAILED, ""
    mode = str(heard.get("host_mode") or "")
    if is_barred:
        text = f"{peer} lets this node in, which the roles forbid: on {peer}: osvc node trust --remove"
        notes.append(_error(f"{text} {agent.node.name}", "trust_forbidden"))
        return Proof.FAILED, mode
    return Proof.PROVED, mode


def _prove_back(agent: Agent, peer: str, notes: list[Note]) -> Proof:
    try:
        agent.peers.link(peer).request("way_back", {}, timeout=PROOF_LIMIT)
    except OpenSVCError as error:
        notes.append(_error(f"from {peer}: {error.message}", error.code))
        return Proof.FAILED
    return Proof.PROVED


def _error(text: str, code: str) -> Note:
    return Note(text, code, Severity.ERROR)
