"""Putting right a run that spanned nodes: it is finished at the destination, or undone, back to the source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from opensvc_core.actions.evidence import evidence_here
from opensvc_core.actions.preflight import is_verified_down
from opensvc_core.errors import PlanError, Vetoed
from opensvc_core.model import NodeState, Phase, Veto
from opensvc_core.moves import Move, plan_move

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.cut_runs import CutRun, Word
    from opensvc_core.actions.execute import RunOptions
    from opensvc_core.graph import ServiceGraph
    from opensvc_core.model import ResourceId, StatusReport
    from opensvc_core.plan import Plan

ENDED = frozenset({"done", "failed", "cancelled"})
"""Outcomes of a run that left nothing open."""
PERHAPS = frozenset({"failed", "timeout", "cancelled"})
"""Ends of a step that leave open what it did."""


class GuestOnItsWay(Vetoed):
    """A guest that neither runs at the destination of its migration nor is gone from there, so far."""


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
