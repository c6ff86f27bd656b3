"""Runs that were cut, as the journals of all their nodes have them: asked for, and told that they are put right."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from opensvc_core.cluster import wire
from opensvc_core.cluster.link import PeerError
from opensvc_core.errors import OpenSVCError
from opensvc_core.model import Note, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opensvc_core.actions.agent import Agent
    from opensvc_core.graph import ServiceGraph
    from opensvc_core.journal import RunRecord
    from opensvc_core.model import ResourceId, StatusReport

ASK_LIMIT = 60.0
"""Seconds for a peer to put its leftovers right and to ask for the state of a service, beyond what it may wait."""


@frozen
class CutRun:
    """A run that was cut or ended unknown, as one node's journal has it.

    Attributes:
        id: of the run, the same in every journal.
        action: of the run.
        user: who ran it.
        about: what it was about, with ``moves`` if it spanned nodes.
        began: seconds since the epoch.
        outcome: ``interrupted``, ``unknown``, or how it ended.
        recovered_by: id of the run that put it right, or empty.
        steps: action, state and whether it was a way back.
    """

    id: str
    action: str
    user: str
    about: Mapping[str, Any] = field(hash=False)
    began: float
    outcome: str
    recovered_by: str
    steps: tuple[tuple[str, str, bool], ...]

    @classmethod
    def of(cls, record: RunRecord) -> CutRun:
        """From this node's journal."""
        return cls(
            record.id,
            record.action,
            record.user,
            json.loads(record.selection),
            record.began,
            record.outcome,
            record.recovered_by,
            tuple((step.action, step.state, step.is_way_back) for step in record.steps),
        )

    @classmethod
    def read(cls, document: Any) -> CutRun:
        """From another node's word."""
        about = json.loads(document["selection"])
        if not isinstance(about, dict):
            raise TypeError("no object")
        return cls(
            str(document["id"]),
            str(document["action"]),
            str(document["user"]),
            about,
            float(document["began"]),
            str(document["outcome"]),
            str(document["recovered_by"]),
            tuple((str(action), str(state), back is True) for _, action, back, state, _ in document["steps"]),
        )

    def move_of(self, service: str) -> tuple[str, str, bool] | None:
        """Source, destination, and whether the service was up at the source; ``None`` if it did not span nodes."""
        move = self.about.get("moves", {}).get(service)
        if not isinstance(move, dict):
            return None
        return str(move["source"]), str(move["destination"]), move["was_up"] is True

    def is_live(self, service: str) -> bool:
        """Whether a running guest was to go over."""
        move = self.about.get("moves", {}).get(service)
        return isinstance(move, dict) and move.get("is_live") is True

    def is_pull(self, service: str) -> bool:
        """Whether data were to come back before the service does: a failback."""
        move = self.about.get("moves", {}).get(service)
        return isinstance(move, dict) and move.get("is_pull") is True


@frozen
class Word:
    """What another node says of a service, under its lock.

    Attributes:
        graph: of the service there.
        reports: of its resources, asked now.
        cut: the newest run there that was cut or ended unknown and was not put right.
        run: the run that is asked about, if its journal has it.
        notes: of what a cut run had left there.
    """

    graph: ServiceGraph
    reports: Mapping[ResourceId, StatusReport]
    cut: CutRun | None
    run: CutRun | None
    notes: tuple[Note, ...]


def ask_node(agent: Agent, name: str, node: str, run_id: str, wait: float) -> Word:
    """Ask another node, whose lock is held, what it knows of a service. Raises PeerError, and its objections."""
    data = {"service": name, "recovers": True, "run": run_id, "wait": wait}
    answer = agent.peers.link(node).request("graph", data, timeout=ASK_LIMIT + wait)
    return wire.reading(f"the runs of {name}", answer, lambda document: _read_word(document, node))


def _read_word(document: Any, node: str) -> Word:
    cut, run = document["cut"], document["run"]
    notes = (wire.note_in(each) for each in document["notes"])
    return Word(
        wire.graph_in(document["graph"]),
        wire.reports_in(document["reports"]),
        None if cut is None else CutRun.read(cut),
        None if run is None else CutRun.read(run),
        tuple(Note(f"{node}: {note.text}", note.code, note.severity) for note in notes),
    )


def tell_recovered(agent: Agent, name: str, nodes: Mapping[str, Word], by: str) -> Iterator[Note]:
    """Write into the journals of all nodes that what was left open is put right; a note for each that was not told."""
    agent.journal.mark_recovered(name, by)
    for node in sorted(nodes):
        try:
            agent.peers.link(node).request("end", {"recovered": {name: by}}, timeout=ASK_LIMIT)
        except OpenSVCError as error:
            text = f"{node} still takes it for cut: {error.message}; `osvc recover {name}` there mends that"
            yield Note(text, "peer_untold", Severity.WARNING)


def ask_all(agent: Agent, graph: ServiceGraph, run_id: str, wait: float) -> tuple[dict[str, Word], list[Note]]:
    """What every other node of a service that can be asked says, and a note for each that cannot."""
    words: dict[str, Word] = {}
    notes: list[Note] = []
    for node in sorted(set(graph.service.all_nodes) - {agent.node.name}):
        try:
            words[node] = ask_node(agent, graph.service.name, node, run_id, wait)
        except PeerError as error:
            notes.append(Note(f"{node} cannot be asked: {error.message}", error.code, Severity.WARNING))
    return words, notes
