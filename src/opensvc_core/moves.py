"""Plans that bring services down on one node and up on another. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.errors import PlanError
from opensvc_core.plan import Plan, Selection, Step, start_steps, stop_steps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opensvc_core.graph import ServiceGraph
    from opensvc_core.model import Note


@frozen
class Move:
    """Where one service goes.

    Attributes:
        graphs: of the service by node: as this node has it, and as source and destination have it.
        source: the node where it is stopped, or empty: it runs nowhere, or nobody is there to be asked.
        destination: the node where it is started, or empty: it is only stopped.
    """

    graphs: Mapping[str, ServiceGraph]
    source: str
    destination: str


def plan_move(action: str, moves: Sequence[Move], node: str, *, is_restoring: bool = True) -> Plan:
    """Stop services at their sources, in the order of the source's own graph, then start them at their destinations.

    Every start of a service waits for all of its stops. Standby resources, and what they stand on, stay as they are.

    Args:
        action: ``switch``, ``takeover``, …: a word for people and the journal.
        moves: one a service.
        node: the node that drives the run.
        is_restoring: whether a failure starts again at the source what was stopped there.

    Raises:
        PlanError: a move that leads nowhere, or to where it comes from.
    """
    steps: list[Step] = []
    notes: list[Note] = []
    elsewhere: dict[tuple[str, str], ServiceGraph] = {}
    for move in moves:
        name = move.graphs[node].service.name
        if move.source == move.destination:
            raise PlanError(f"{name}: {move.destination or 'nowhere'} is where it would come from and go to")
        stops: list[Step] = []
        if move.source:
            graph, is_elsewhere = move.graphs[move.source], move.source != node
            stops = stop_steps(graph, Selection(), move.source, notes, is_elsewhere=is_elsewhere)
        steps += stops
        if move.destination:
            graph, is_elsewhere = move.graphs[move.destination], move.destination != node
            after = [step.id for step in stops]
            steps += start_steps(graph, Selection(), move.destination, after=after, is_elsewhere=is_elsewhere)
        for other in {move.source, move.destination} - {"", node}:
            elsewhere[other, name] = move.graphs[other]
    graphs = {move.graphs[node].service.name: move.graphs[node] for move in moves}
    services = tuple(graph.service for graph in graphs.values())
    return Plan(action, services, graphs, tuple(steps), Selection(), tuple(notes), elsewhere, is_restoring)
