"""Putting right a run that spanned nodes: it is finished at the destination, or undone, back to the source."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from opensvc_core.actions.evidence import evidence_here
from opensvc_core.actions.preflight import is_verified_down
from opensvc_core.cluster import wire
from opensvc_core.cluster.link import PeerError
from opensvc_core.errors import OpenSVCError, PlanError, Vetoed
from opensvc_core.model import NodeState, Note, Phase, Severity, Veto
from opensvc_core.moves import Move, plan_move

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.execute import RunOptions
    from opensvc_core.graph import ServiceGraph
    from opensvc_core.journal import RunRecord
    from opensvc_core.model import ResourceId, StatusReport
    from opensvc_core.plan import Plan

ASK_LIMIT = 60.0
"""Seconds for a peer to put its leftovers right and to ask for the state of a service, beyond what it may wait."""
ENDED = frozenset({"done", "failed", "cancelled"})
"""Outcomes of a run that left nothing open."""
PERHAPS = frozenset({"failed", "timeout", "cancelled"})
"""Ends of a step that leave open what it did."""


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


@frozen
class Decision:
    """How a cut run is put right.

    Attributes:
        text: for the operator.
        plan: what is to be run; ``None`` if nothing is left to do but to say so in the journals.
        remember: what the recovery's own journal must know, if it is cut in turn.
        by: what has put it right, where there is no plan.
    """

    text: str
    plan: Plan | None = None
    remember: Mapping[str, Any] = field(factory=dict, hash=False)
    by: str = "recover"


@frozen
class Recovery:
    """One cut run that spanned nodes, and what all nodes say now.

    Attributes:
        agent: of this node.
        graph: of the service here.
        reports: of its resources here.
        cut: the run.
        words: what the other nodes say, by node; those that cannot be asked are missing.
        options: of this recovery.
    """

    agent: Agent
    graph: ServiceGraph
    reports: Mapping[ResourceId, StatusReport]
    cut: CutRun
    words: Mapping[str, Word]
    options: RunOptions

    def decide(self) -> Decision:
        """Finish, undo, or nothing but to mark it.

        Raises:
            Vetoed: a node of the run cannot be asked and is not known to be dead.
            PlanError: its journal does not say whence and whereto.
        """
        name, cut = self.graph.service.name, self.cut
        what = f"the {cut.action} by {cut.user} that " + (
            "ended unknown" if cut.outcome == "unknown" else "was interrupted"
        )
        mended = [cut.recovered_by, *(word.run.recovered_by for word in self.words.values() if word.run)]
        if mended := [each for each in mended if each]:
            return Decision(f"{what} was put right already, by the run {mended[0]}", by=mended[0])
        runs = [word.run for word in self.words.values() if word.run is not None]
        if ended := [run.outcome for run in runs if run.outcome in ENDED]:
            # The node that drove it saw its end, and could not tell all others.
            return Decision(f"{what} here had ended: {ended[0]}")
        move = cut.move_of(name)
        if move is None:
            raise PlanError(f"{name}: the journal does not say which nodes {what} was about")
        source, destination, was_up = move
        dead = {each.node for each in self.options.evidence if each.state is NodeState.FENCED}
        self._refuse_silent({source, destination} - {"", self.agent.node.name} - dead)
        if elsewhere := self._third(source, destination):
            return Decision(f"{what} left nothing up on its nodes, and it runs on {elsewhere} now")
        if cut.is_live(name) and self._is_there(source) and self._is_there(destination):
            from opensvc_core.actions.recover_migration import decide

            answers = {node: (graph, self._reports[node]) for node, graph in self._graphs.items()}
            live = decide(self.agent, name, (source, destination), answers, what)
            if live is not None:
                return live
        way = str(cut.about.get("way") or self._way(destination))
        if cut.is_pull(name) and self._is_there(source) and self._is_there(destination):
            from opensvc_core.actions.recover_failback import CutFailback

            graphs, reports = self._graphs, self._reports
            pull = CutFailback(self.agent, name, source, destination, was_up, graphs, reports, what)
            return pull.decide(goes_back=way == "undo")
        remember = {"way": way, "moves": {name: {"source": source, "destination": destination, "was_up": was_up}}}
        gone = source if self._is_there(source) else ""
        goal = destination if self._is_there(destination) else ""
        # What cannot go back, as the source is dead, goes on; what cannot go on goes back.
        goes_on = (way == "finish" and (goal or not destination)) or (source and not gone)
        if goes_on and (gone or goal):
            text = f"finishing {what}" + (f": {name} goes to {goal}" if goal else "")
            return Decision(text, self._plan(gone, goal, is_restoring=was_up and bool(gone)), remember)
        back = gone if was_up else ""
        if not back and not goal:
            return Decision(f"{what} has nothing left to put right on nodes that are there")
        text = f"undoing {what}: {name} " + (f"goes back to {back}" if back else "is brought down")
        return Decision(text, self._plan(goal, back, is_restoring=False), {**remember, "way": "undo"})

    @property
    def _graphs(self) -> dict[str, ServiceGraph]:
        return {self.agent.node.name: self.graph, **{node: word.graph for node, word in self.words.items()}}

    @property
    def _reports(self) -> dict[str, Mapping[ResourceId, StatusReport]]:
        return {self.agent.node.name: self.reports, **{node: word.reports for node, word in self.words.items()}}

    def _plan(self, source: str, destination: str, *, is_restoring: bool) -> Plan:
        move = Move(self._graphs, source, destination)
        plan = plan_move("recover", [move], self.agent.node.name, is_restoring=is_restoring)
        return evolve(plan, may_be_up=frozenset({destination} - {""}))

    def _is_there(self, node: str) -> bool:
        return node == self.agent.node.name or node in self.words

    def _refuse_silent(self, needed: set[str]) -> None:
        silent = sorted(needed - set(self.words))
        if silent:
            hint = " ".join(f"--declare-dead {node}" for node in silent)
            raise Vetoed(
                [
                    Veto(
                        "peer_unknown",
                        f"{node}, a node of the run that was cut, cannot be asked",
                        self.graph.service.name,
                        f"mend the way to it; or, if it is off for certain: {hint}",
                        is_liftable=False,
                    )
                    for node in silent
                ]
            )

    def _third(self, source: str, destination: str) -> str:
        """A node that was none of the run's and has the service up, while it is down on those of the run."""
        graphs, reports = self._graphs, self._reports
        for node in {source, destination} & set(reports):
            graph = graphs[node]
            own = [resource.id for resource in graph.resources if resource.has_own_state]
            answers = [reports[node].get(each) for each in own]
            if any(answer is None or not is_verified_down(answer) for answer in answers):
                return ""
        others = [node for node in self.words if node not in {source, destination}]
        known = list(self.agent.peers.ask(self.graph.service, others)) if others else []
        if self.agent.node.name not in {source, destination}:
            known.append(evidence_here(self.agent, self.graph, self.reports))
        return next((each.node for each in known if each.state is NodeState.UP), "")

    def _way(self, destination: str) -> str:
        """``finish`` a run that was on its way forward; ``undo`` one that failed, ended unknown or was on its way back.

        A guest that was to go over while it ran is left where it runs.
        """
        cuts = [self.cut, *(word.run for word in self.words.values() if word.run is not None)]
        if self.cut.is_live(self.graph.service.name):
            return "finish" if self._is_there(destination) and self._has_guest(destination) else "undo"
        if any(cut.outcome == "unknown" for cut in cuts):
            return "undo"
        for _, state, is_way_back in (step for cut in cuts for step in cut.steps):
            if is_way_back or state in PERHAPS:
                return "undo"
        return "finish"

    def _has_guest(self, node: str) -> bool:
        graph, reports = self._graphs[node], self._reports[node]
        guests = [resource.id for resource in graph.resources if resource.phase is Phase.CONTAINER]
        answers = [reports.get(each) for each in guests]
        return any(answer is None or not is_verified_down(answer) for answer in answers)


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
