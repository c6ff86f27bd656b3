"""What `osvc node card` and `osvc node trust` do."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opensvc_core.actions.trust import Trusted, forget, make_card, take_card
from opensvc_core.cli.document import SCHEMA, note_documents
from opensvc_core.cli.environment import open_here
from opensvc_core.cli.failure import UsageError
from opensvc_core.cli.options import Format
from opensvc_core.cli.output import say, write, write_json
from opensvc_core.cli.plain import line
from opensvc_core.cluster.cards import LARGEST, Card, card_document, card_of, parse_card
from opensvc_core.cluster.keys import TrustError
from opensvc_core.config.names import is_node_name
from opensvc_core.model import Severity
from opensvc_core.node import DEFAULT_ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.trust_check import TrustCheck
    from opensvc_core.model import Note


def print_card() -> int:
    """Print the card of this node; give back 0. Raises what ``make_card`` raises."""
    write_json(card_document(make_card(open_here())))
    return 0


def trust_cards(files: Sequence[Path], form: Format, *, replace: bool) -> int:
    """Trust the nodes whose cards an operator carried here; all are read before anything is done. Gives back 0 or 1.

    Raises:
        TrustError: a file is no card, or a known node has changed.
        OSError: a file cannot be read.
    """
    agent = open_here()
    cards = [parse_card(_read(path)) for path in files]
    make_card(agent)
    return _tell(agent, [take_card(agent, card, replace=replace) for card in cards], form)


def trust_nodes(nodes: Sequence[str], form: Format, *, options: Sequence[str], fingerprint: str, replace: bool) -> int:
    """Exchange cards with nodes by the operator's own ssh, one after the other. Gives back 0 or 1.

    Raises:
        UsageError: a name is none of a node; one fingerprint for several nodes.
        TrustError: a node gave no card, another node's, or has changed.
    """
    from opensvc_core.host.operator_ssh import exchange

    if wrong := [node for node in nodes if not is_node_name(node)]:
        raise UsageError(f"{wrong[0]!r} is not the name of a node", hint="osvc node trust NODE...")
    if fingerprint and len(nodes) != 1:
        raise UsageError("a fingerprint is that of one node", hint="trust one node at a time")
    agent = open_here()
    own = json.dumps(card_document(make_card(agent)))
    done: list[Trusted] = []
    for node in nodes:
        command = _exchange_command(agent, replace=replace)
        answer = exchange(node, command, own, options=options, fingerprint=fingerprint)
        card, theirs = _read_answer(node, answer)
        trusted = take_card(agent, card, replace=replace)
        for text in theirs:
            say(f"on {node}: {text}")
        done.append(trusted)
    return _tell(agent, done, form)


def exchange_here(*, replace: bool) -> int:
    """The other end of ``trust_nodes``: take the card on standard input, print this node's and what was done."""
    agent = open_here()
    own = make_card(agent)
    trusted = take_card(agent, parse_card(sys.stdin.read(LARGEST + 1)), replace=replace)
    write(json.dumps({"schema": SCHEMA, "card": card_document(own), "trusted": _document(trusted)}) + "\n")
    return 0


def remove_trust(nodes: Sequence[str], form: Format) -> int:
    """Trust nodes no more, whether they are known or not; give back 0."""
    agent = open_here()
    if wrong := [node for node in nodes if not is_node_name(node)]:
        raise UsageError(f"{wrong[0]!r} is not the name of a node", hint="osvc node trust --remove NODE...")
    done = [forget(agent, node) for node in nodes]
    if form is Format.JSON:
        write_json({"schema": SCHEMA, "node": agent.node.name, "trust": [_document(each) for each in done]})
        return 0
    for each in done:
        text = "is trusted no more" if each.is_changed else "was not known"
        write(line(each.node, text) if form is Format.PLAIN else f"{each.node} {text}\n")
    return 0


def check_trust(nodes: Sequence[str], form: Format) -> int:
    """Look whether trust is as it must be; give back 0, or 1 if anything is wrong."""
    from opensvc_core.actions.trust_check import check_trust as check

    agent = open_here()
    try:
        found = check(agent, nodes)
    finally:
        agent.peers.close()
    status = 0 if found.is_good else 1
    if form is Format.JSON:
        pairs = [
            {"node": pair.node, "there": pair.there.value, "back": pair.back.value, "notes": note_documents(pair.notes)}
            for pair in found.pairs
        ]
        notes = note_documents(found.notes)
        write_json({"schema": SCHEMA, "node": agent.node.name, "good": not status, "pairs": pairs, "notes": notes})
    elif form is Format.PLAIN:
        write("".join(line("pair", pair.node, pair.there.value, pair.back.value) for pair in found.pairs))
        write("".join(line("note", n.severity.value, n.code, n.text) for n in _all_notes(found)))
    else:
        name = agent.node.name
        for pair in found.pairs:
            write(f"{name} -> {pair.node}: {pair.there.value}\n{pair.node} -> {name}: {pair.back.value}\n")
        write("".join(f"{n.severity.value}: {n.text}\n" for n in _all_notes(found)))
        if not found.pairs:
            write("no other node is trusted\n")
    return status


def _all_notes(found: TrustCheck) -> list[Note]:
    return [*(note for pair in found.pairs for note in pair.notes), *found.notes]


def _exchange_command(agent: Agent, *, replace: bool) -> str:
    """What the login shell of the other node is given: words of our own, and a root folder that was checked."""
    from opensvc_core.cluster.authorized_keys import forced_command

    root = agent.node.folders.root
    forced_command(root, agent.node.name)  # raises for a folder that a shell would read
    setting = "" if root == DEFAULT_ROOT else f"OSVC_ROOT={root} "
    return f"{setting}{root}/bin/osvc node trust --exchange{' --replace' if replace else ''}"


def _read_answer(node: str, text: str) -> tuple[Card, list[str]]:
    """The card of the other node, and what it noted. What its profile prints before it is passed over."""
    last = next((each for each in reversed(text.splitlines()) if each.startswith("{")), "")
    try:
        answer = json.loads(last)
        card = card_of(answer["card"])
        notes = [str(note["text"]) for note in answer["trusted"]["notes"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise TrustError(
            f"{node} gave no card: its answer cannot be read",
            code="trust_exchange",
            hint=f"is the same version installed on {node}? osvc version",
        ) from error
    if card.node.lower() != node.lower():
        raise TrustError(
            f"{node} calls itself {card.node}", code="card", hint=f"osvc node trust {card.node}, or give it that name"
        )
    return card, notes


def _read(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(LARGEST + 1)


def _document(trusted: Trusted) -> dict[str, Any]:
    return {
        "node": trusted.node,
        "pinned": trusted.is_pinned,
        "authorised": trusted.is_authorised,
        "changed": trusted.is_changed,
        "notes": note_documents(trusted.notes),
    }


def _tell(agent: Agent, done: Sequence[Trusted], form: Format) -> int:
    if form is Format.JSON:
        write_json({"schema": SCHEMA, "node": agent.node.name, "trust": [_document(each) for each in done]})
    for each in done if form is not Format.JSON else ():
        words = [
            "pinned",
            "authorised" if each.is_authorised else "barred",
            "changed" if each.is_changed else "as before",
        ]
        if form is Format.PLAIN:
            write(line("trust", each.node, *words))
            write("".join(line("note", note.severity.value, note.code, note.text) for note in each.notes))
        else:
            allowed = "its key is let in" if each.is_authorised else "its key is not let in"
            write(f"{each.node}: host keys pinned, {allowed}{'' if each.is_changed else ' (as before)'}\n")
            for note in each.notes:
                say(f"{note.severity.value}: {note.text}")
    return int(any(note.severity is Severity.ERROR for each in done for note in each.notes))
