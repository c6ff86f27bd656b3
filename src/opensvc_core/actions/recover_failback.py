"""Putting right a failback that was cut: whose data are the good ones decides where the service goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve, frozen

from opensvc_core.actions.failback import failback_steps
from opensvc_core.actions.recover_move import Decision
from opensvc_core.cluster import wire
from opensvc_core.copies import not_verified_down
from opensvc_core.errors import PlanError
from opensvc_core.generation import DataCopy, Order, compare, generation_in, read_data
from opensvc_core.moves import Move, plan_move
from opensvc_core.plan import Plan, Selection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.actions.agent import Agent
    from opensvc_core.graph import ServiceGraph
    from opensvc_core.model import Note, ResourceId, StatusReport

ASK_LIMIT = 20.0
"""Seconds for a node to say of which generation its copy is."""


@frozen
class CutFailback:
    """A failback that was cut, and what both its nodes say now, asked under the locks of both.

    Attributes:
        agent: of the node that recovers, which may be a third one.
        name: of the service.
        site: the disaster-recovery node.
        home: the production node that pulls.
        was_up: whether the service was up at the site before.
        graphs: of the service, by node.
        reports: of its resources, by node.
        what: the run in words.
    """

    agent: Agent
    name: str
    site: str
    home: str
    was_up: bool
    graphs: Mapping[str, ServiceGraph]
    reports: Mapping[str, Mapping[ResourceId, StatusReport]]
    what: str

    def decide(self, *, goes_back: bool) -> Decision:
        """Finish it where the data have come, or may still come; else undo it.

        A copy at home that is whole and newer is the good one, and nothing is pulled over it; a start there that fails
        goes back to the site as any failback does. Until then the site's copy is the good one: it is pulled again, by
        the production node itself, or the service goes back.

        Args:
            goes_back: whether the run was on its way back, or had failed.

        Raises:
            PlanError: two histories, or the service runs at home on data that are not whole.
            GenerationError, PeerError: whose data are the good ones cannot be told.
        """
        home, site = self._copy(self.home), self._copy(self.site)
        order = compare(home.generation, site.generation)
        if order is Order.DIVERGED:
            raise PlanError(
                f"{self.name}: two histories: {self.home} has {home.generation}, {self.site} has {site.generation}",
                code="copy_newer",
                hint=f"choose: on the node whose copy is to be lost: osvc sync discard {self.name}",
            )
        if order is Order.AHEAD and not home.incomplete:
            text = f"finishing {self.what}: the data have come back, {self.name} goes to {self.home}"
            return self._decision(text, self._move(self.site, self.home, is_restoring=self.was_up), "finish")
        if self.agent.node.name == self.home and not goes_back:
            text = f"finishing {self.what}: the data of {self.site} are pulled again, {self.name} goes to {self.home}"
            return self._decision(text, self._pull(), "finish")
        back = self.site if self.was_up else ""
        text = f"undoing {self.what}: the good data are those of {self.site}; {self.name} "
        text += f"goes back to {back}" if back else f"is brought down on {self.home}"
        text += f"; the copy on {self.home} is replaced by the next failback there"
        return self._decision(text, self._move(self.home, back, is_restoring=False), "undo")

    def _decision(self, text: str, plan: Plan, way: str) -> Decision:
        move = {"source": self.site, "destination": self.home, "was_up": self.was_up, "is_pull": True}
        return Decision(text, plan, {"way": way, "moves": {self.name: move}})

    def _copy(self, node: str) -> DataCopy:
        if node == self.agent.node.name:
            return read_data(self.agent.node.folders, self.name)
        answer = self.agent.peers.link(node).request("generation", {"services": [self.name]}, timeout=ASK_LIMIT)
        told = wire.reading("generations", answer, lambda document: document["services"][self.name])
        if "error" in told:
            raise PlanError(
                f"{node}: {told['error']}", code="generation_unknown", hint=f"osvc status {self.name} there"
            )
        return wire.reading(
            "a generation", told, lambda each: DataCopy(generation_in(each["marks"]), dict(each["incomplete"]))
        )

    def _move(self, source: str, destination: str, *, is_restoring: bool) -> Plan:
        here = self.agent.node.name
        plan = plan_move("recover", [Move(self.graphs, source, destination)], here, is_restoring=is_restoring)
        return evolve(plan, may_be_up=frozenset({destination} - {""}))

    def _pull(self) -> Plan:
        graph, there = self.graphs[self.home], self.graphs[self.site]
        if why := not_verified_down(graph, self.reports[self.home], on_ground=True):
            raise PlanError(
                f"{self.name}: its data on {self.home} are not whole, and it is not verified down there: {why}",
                code="sync_not_down",
                hint=f"stop it: osvc stop {self.name}; then again: osvc recover {self.name}",
            )
        notes: list[Note] = []
        steps = failback_steps(self.agent, graph, there, self.site, notes)
        elsewhere = {(self.site, self.name): there}
        plan = Plan(
            "recover",
            (graph.service,),
            {self.name: graph},
            tuple(steps),
            Selection(),
            tuple(notes),
            elsewhere,
            is_restoring=True,
        )
        return evolve(plan, may_be_up=frozenset({self.home}))
