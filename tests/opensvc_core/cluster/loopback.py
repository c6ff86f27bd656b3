"""Peers in one process: every word goes through JSON to the operations of another agent, and no ssh is needed."""

from __future__ import annotations

import json
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import Factory, asdict, define, field

from opensvc_core.actions.agent import Agent
from opensvc_core.actions.peering.operations import Call, Visit, find
from opensvc_core.actions.peering.runs import PeerRun
from opensvc_core.clock import Cancel, Deadline
from opensvc_core.cluster.link import PeerError
from opensvc_core.cluster.wire import error_in, error_out, evidence_in
from opensvc_core.errors import OpenSVCError
from opensvc_core.lock import Holder
from opensvc_core.model import Evidence, NodeState, Service
from tests.opensvc_core.actions.files_platform import open_files_agent, up


def _through_json(document: Any) -> Any:
    return json.loads(json.dumps(document))


@define
class LoopbackLink:
    """A session with an agent of this process. `cut()` loses it as a cable would; `fail` makes operations fail."""

    agent: Agent
    origin: str
    is_open: bool = True
    fail: dict[str, OpenSVCError] = Factory(dict)
    asked: list[tuple[str, Mapping[str, Any]]] = Factory(list)
    on_lost: list[Callable[[], None]] = Factory(list)
    _visit: Visit = field(init=False)
    _calls: list[Cancel] = Factory(list)

    def __attrs_post_init__(self) -> None:
        """Begin the visit."""
        self._visit = Visit(self.agent, self.origin)

    @property
    def node(self) -> str:
        return self.agent.node.name

    def request(
        self,
        operation: str,
        data: Mapping[str, Any],
        *,
        timeout: float,
        cancel: Cancel | None = None,
        on_event: Callable[[str, Mapping[str, Any]], None] | None = None,
    ) -> dict[str, Any]:
        if not self.is_open:
            raise PeerError(f"{self.node}: the session is over", code="peer_lost")
        self.asked.append((operation, data))
        if operation in self.fail:
            raise self.fail[operation]
        perform = find(operation)
        if perform is None:
            raise PeerError(f"{self.node}: does not know {operation!r}", code="peer_refused")
        answers: queue.SimpleQueue[Mapping[str, Any] | OpenSVCError | None] = queue.SimpleQueue()
        own = Cancel()
        self._calls.append(own)
        if cancel is not None:
            cancel.subscribe(lambda: own.set(cancel.reason))

        def emit(kind: str, event: Mapping[str, Any]) -> None:
            if on_event is not None and self.is_open:
                on_event(kind, _through_json(event))

        call = Call(_through_json(data), own, Deadline.after(timeout, self.agent.clock, operation), emit)

        def work() -> None:
            try:
                answers.put(perform(self._visit, call))
            except OpenSVCError as error:
                answers.put(error)

        own.subscribe(lambda: None if self.is_open else answers.put(None))
        threading.Thread(target=work, daemon=True).start()
        try:
            answer = answers.get(timeout=timeout + 5)
        except queue.Empty:
            raise PeerError(f"{self.node}: no answer to {operation}", code="peer_timeout") from None
        if answer is None:
            raise PeerError(f"{self.node}: the session was lost", code="peer_lost")
        if isinstance(answer, OpenSVCError):
            raise error_in(_through_json(error_out(answer)), self.node) from None
        return dict(_through_json(answer))

    @property
    def runs(self) -> list[PeerRun]:
        """Runs that the peer does steps for in this session."""
        return [fact for fact in self._visit.facts.values() if isinstance(fact, PeerRun)]

    def cut(self) -> None:
        """Lose the session: what runs there is cancelled, what is held there is let go."""
        self.is_open = False
        for each in self._calls:
            each.set("the session was lost")
        for tell in self.on_lost:
            tell()
        self._visit.holds.close()

    def close(self) -> None:
        if self.is_open:
            self.cut()


@define
class LoopbackPeers:
    """The other nodes of one agent of a cluster in this process: a session each, while the way to it is open."""

    cluster: Cluster
    origin: str
    links: dict[str, LoopbackLink] = Factory(dict)
    asks: bool = True

    def link(self, node: str) -> LoopbackLink:
        if node in self.cluster.silent or self.origin in self.cluster.silent:
            raise PeerError(f"{node}: no route", code="peer_unreachable", hint="plug it in")
        if node not in self.links:
            self.links[node] = LoopbackLink(self.cluster.agents[node], self.origin)
        return self.links[node]

    @contextmanager
    def hold_lock(self, service: Service, node: str, holder: Holder, *, wait: float, cancel: Cancel) -> Iterator[None]:
        try:
            link = self.link(node)
        except PeerError:
            yield
            return
        link.request("lock", {"service": service.name, "holder": asdict(holder), "wait": wait}, timeout=wait + 5)
        link.on_lost.append(lambda: cancel.set(f"the session with {node} was lost"))
        try:
            yield
        finally:
            if link.is_open:
                link.request("unlock", {"service": service.name}, timeout=5)

    def remote_shell(self, node: str) -> tuple[tuple[str, ...], str]:
        """A shell that is the gate of that node: it redeems tickets and runs rsync, as `osvc peer` does."""
        gate = Path(__file__).with_name("gate.py")
        root = self.cluster.agents[node].node.folders.root
        return (sys.executable, str(gate), str(root), self.origin), node

    def ask(self, service: Service, nodes: Sequence[str]) -> tuple[Evidence, ...]:
        return tuple(self._ask(service, node) for node in nodes)

    def _ask(self, service: Service, node: str) -> Evidence:
        try:
            answer = self.link(node).request("evidence", {"service": service.name}, timeout=30)
        except OpenSVCError as error:
            return Evidence(node, NodeState.UNKNOWN, self.origin, text=error.message)
        return evidence_in(answer["evidence"])

    def close(self) -> None:
        for link in self.links.values():
            link.close()
        self.links.clear()


@define
class Cluster:
    """Nodes in one process, each with a root of its own below one folder, whose platforms are files.

    Attributes:
        folder: the roots lie below it.
        agents: by node.
        silent: nodes that nobody reaches.
    """

    folder: Path
    agents: dict[str, Agent] = Factory(dict)
    silent: set[str] = Factory(set)

    @classmethod
    def of(cls, folder: Path, text: str, *nodes: str, name: str = "svc") -> Cluster:
        """Agents with one service file."""
        cluster = cls(folder)
        for node in nodes:
            (folder / node / "etc").mkdir(parents=True)
            (folder / node / "etc" / f"{name}.env").write_text(text)
            cluster.open(node)
        return cluster

    def open(self, node: str) -> Agent:
        """The agent of a node, anew: as a process that has just begun, with sessions of its own."""
        old = self.agents.get(node)
        if old is not None:
            old.peers.close()
        self.agents[node] = open_files_agent(self.folder / node, node, peers=LoopbackPeers(self, node))
        return self.agents[node]

    def up(self, node: str) -> set[str]:
        """What is up there: ``svc.disk#1``."""
        return up(self.folder / node)

    def kill(self, node: str) -> None:
        """``kill -9`` of all that a node does for its peers: its journal cannot say that it was cut."""
        for agent in self.agents.values():
            peers = agent.peers
            assert isinstance(peers, LoopbackPeers)
            for run in peers.links[node].runs if node in peers.links else ():
                run.end()
        self.cut(node)

    def cut(self, *nodes: str) -> None:
        """Lose every session with one of the nodes, from both sides."""
        for agent in self.agents.values():
            peers = agent.peers
            assert isinstance(peers, LoopbackPeers)
            for node, link in list(peers.links.items()):
                if {peers.origin, node} & set(nodes) and link.is_open:
                    link.cut()
