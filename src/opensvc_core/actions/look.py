"""A look at all nodes of services: asked side by side, while this one asks its own platforms, none waited for long."""

from __future__ import annotations

import queue
import threading
from functools import partial
from typing import TYPE_CHECKING

from attrs import define, evolve, field

from opensvc_core.actions.last_words import keep_word, last_word
from opensvc_core.actions.standings import standings
from opensvc_core.cluster.wire import reading
from opensvc_core.errors import OpenSVCError
from opensvc_core.lock import holder_now
from opensvc_core.standing import NodeWord, Standing, judge, standing_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from opensvc_core.actions.agent import Agent
    from opensvc_core.model import Service
    from opensvc_core.status import ServiceStatus

SOONEST = 0.05
"""Seconds that an answer which is on its way is waited for at the least."""


def other_nodes(here: str, services: Sequence[Service]) -> dict[str, list[str]]:
    """The other nodes of services, each with the names of those that it may run."""
    nodes: dict[str, list[str]] = {}
    for service in services:
        for node in service.all_nodes:
            if node.lower() != here.lower():
                nodes.setdefault(node, []).append(service.name)
    return nodes


@define
class Look:
    """The other nodes, being asked. Begin it, ask this node meanwhile, then ``end`` it.

    A node has ``limit`` seconds to say hello, from the beginning; one that has said so, and thereby is alive, has as
    many to answer once this node itself has its own answer. So a node that hangs or is off delays nobody beyond the
    limit.

    Attributes:
        agent: this node's.
        nodes: the others, with the services that each is asked about.
        limit: seconds.
        has_resources: whether each resource is asked for.
    """

    agent: Agent
    nodes: Mapping[str, Sequence[str]]
    limit: float
    has_resources: bool
    _began: float = field(init=False)
    _heard: queue.SimpleQueue[tuple[str, NodeWord | OpenSVCError | None]] = field(factory=queue.SimpleQueue)

    @classmethod
    def begin(cls, agent: Agent, services: Sequence[Service], limit: float, *, has_resources: bool) -> Look:
        """Ask the other nodes of services, each in a thread of its own."""
        look = cls(agent, other_nodes(agent.node.name, services), limit, has_resources)
        look._began = agent.clock.monotonic()
        for node in look.nodes:
            # Daemons: whoever gave up on a node must be able to leave the process.
            threading.Thread(target=look._ask, args=(node,), name=f"look at {node}", daemon=True).start()
        return look

    def _ask(self, node: str) -> None:
        try:
            link = self.agent.peers.link(node)
            self._heard.put((node, None))
            data = {"services": list(self.nodes[node]), "resources": self.has_resources, "timeout": self.limit}
            answer = link.request("statuses", data, timeout=self.limit + self.agent.limits.status)
            word = reading("its statuses", answer, lambda document: self._word(node, document))
            keep_word(self.agent.node.folders, word)
            self._heard.put((node, word))
        except OpenSVCError as error:
            self._heard.put((node, error))

    def _word(self, node: str, answer: Any) -> NodeWord:
        at = self.agent.clock.now()
        told = {str(name): standing_in(document, at) for name, document in answer["services"].items()}
        missing = "it has no such service, so whether it runs there cannot be told: `osvc sync all {} --rid sync#i0`"
        services = {name: told.get(name, Standing(problem=missing.format(name), at=at)) for name in self.nodes[node]}
        return NodeWord(node, True, str(answer["host_mode"])[:8], at=at, services=services)

    def end(self) -> dict[str, NodeWord]:
        """What the nodes said, by name; where that did not come in time, what they said last."""
        own = self.agent.clock.monotonic()
        words: dict[str, NodeWord] = {}
        due = dict.fromkeys(self.nodes, self._began + self.limit)
        greeted: set[str] = set()
        while waited := {node: at for node, at in due.items() if node not in words}:
            left = max(waited.values()) - self.agent.clock.monotonic()
            try:
                node, said = self._heard.get(timeout=max(left, SOONEST))
            except queue.Empty:
                break
            if said is None:
                greeted.add(node)
                due[node] = max(own, self.agent.clock.monotonic()) + self.limit
            elif isinstance(said, OpenSVCError):
                words[node] = self._old(node, said)
            else:
                words[node] = said
        for node in self.nodes:
            if node not in words:
                what = "does not answer" if node in greeted else "cannot be reached"
                words[node] = self._old(
                    node, OpenSVCError(f"{node} {what} within {self.limit:g} s", code="peer_timeout")
                )
        return {node: words[node] for node in self.nodes}

    def _old(self, node: str, error: OpenSVCError) -> NodeWord:
        word = last_word(self.agent.node.folders, node)
        return evolve(word, problem=error.message, code=error.code, hint=error.hint)


def judge_all(
    agent: Agent, statuses: Mapping[str, ServiceStatus], words: Mapping[str, NodeWord]
) -> dict[str, ServiceStatus]:
    """Statuses of this node, with notes on what the other nodes say: up twice, drift, a disaster-recovery node.

    Args:
        agent: this node's.
        statuses: with all their resources.
        words: of the other nodes, by name.
    """
    mine = standings(agent, statuses.values(), has_resources=False)
    return {
        name: evolve(
            status,
            notes=(
                *judge(
                    status.service,
                    agent.node.name,
                    mine[name],
                    words,
                    partial(holder_now, agent.node.folders.lock, name),
                ),
                *status.notes,
            ),
        )
        for name, status in statuses.items()
    }
