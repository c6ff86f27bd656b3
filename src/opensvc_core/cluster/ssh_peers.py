"""The other nodes over ssh: one session a peer, all of them side by side, none of them waited for beyond its limit."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from attrs import Factory, asdict, define, field

from opensvc_core.cluster import wire
from opensvc_core.cluster.connecting import Connector
from opensvc_core.cluster.lines import LONGEST_SILENCE, LOST
from opensvc_core.cluster.link import CONNECT_LIMIT, PeerError
from opensvc_core.cluster.session import Session
from opensvc_core.cluster.ssh import Ssh
from opensvc_core.errors import ActionError, Cancelled, Locked, OpenSVCError
from opensvc_core.fanout import side_by_side
from opensvc_core.model import Evidence, NodeState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opensvc_core.clock import Cancel, Clock
    from opensvc_core.cluster.link import Link
    from opensvc_core.host import Host
    from opensvc_core.host.local import LocalHost
    from opensvc_core.host.names import Resolver
    from opensvc_core.lock import Holder
    from opensvc_core.model import Service
    from opensvc_core.node import Node

STATUS_LIMIT = 20.0
MARGIN = 3.0
"""Seconds that an answer has over the limit of what is asked there."""
UNLOCK_LIMIT = 5.0


@define
class _Door:
    """The one session with a node and the address that it goes to, or why there is none."""

    guard: threading.Lock = field(factory=threading.Lock)
    session: Session | None = None
    address: str = ""
    problem: PeerError | None = None


@define
class SshPeers:
    """See Peers. A session that was lost, or never came about, stays so until ``close``.

    Attributes:
        ssh: how ssh is called.
        host: this node, where ssh runs.
        resolver: tells addresses.
        clock: source of time.
        connect_limit: seconds until a peer that says nothing counts as out of reach.
        status_limit: seconds that drivers have to answer there.
        silence: seconds of silence after which a session is lost.
    """

    ssh: Ssh
    host: LocalHost
    resolver: Resolver
    clock: Clock
    connect_limit: float = CONNECT_LIMIT
    status_limit: float = STATUS_LIMIT
    silence: float = LOST
    asks: bool = True
    _doors: dict[str, _Door] = Factory(dict)
    _guard: threading.Lock = field(factory=threading.Lock, repr=False)

    # -- sessions ------------------------------------------------------------------------------------------------------

    def link(self, node: str) -> Link:
        """See Peers."""
        return self._session(node)

    def _session(self, node: str) -> Session:
        with self._guard:
            door = self._doors.setdefault(node, _Door())
        with door.guard:
            if door.problem is not None:
                raise door.problem
            if door.session is None:
                try:
                    connector = Connector(self.ssh, self.host, self.clock, self.connect_limit, self.silence)
                    door.session, door.address = connector.connect(node, self._addresses(node))
                except PeerError as error:
                    door.problem = error
                    raise
                except ActionError as error:
                    door.problem = PeerError(f"{node}: {error.message}", code="peer_unreachable", hint=error.hint)
                    raise door.problem from error
            return door.session

    def _addresses(self, node: str) -> tuple[str, ...]:
        addresses = self.resolver.resolve(node)
        if not addresses:
            raise PeerError(
                f"{node} has no address",
                code="peer_unreachable",
                hint=f"write it into {self.ssh.folders.etc / 'hosts'}, or see to the name service",
            )
        return addresses

    def remote_shell(self, node: str) -> tuple[tuple[str, ...], str]:
        """See Peers."""
        with self._guard:
            door = self._doors.get(node)
        address = door.address if door is not None and door.address else self._addresses(node)[0]
        return (*self.ssh.argv(node, address, self.connect_limit), "-l", "root"), address

    def close(self) -> None:
        """See Peers."""
        with self._guard:
            doors = list(self._doors.values())
            self._doors.clear()
        list(side_by_side([door.session for door in doors if door.session is not None], Session.close))

    # -- locks ---------------------------------------------------------------------------------------------------------

    @contextmanager
    def hold_lock(self, service: Service, node: str, holder: Holder, *, wait: float, cancel: Cancel) -> Iterator[None]:
        """See Peers."""
        try:
            session = self._session(node)
            data = {"service": service.name, "holder": asdict(holder), "wait": wait}
            session.request("lock", data, timeout=wait + MARGIN, cancel=cancel)
        except (Locked, Cancelled):
            raise
        except OpenSVCError as error:
            # Its evidence tells why, and that it cannot tell: it holds nothing.
            self._give_up(node, error)
            yield
            return
        forget = session.on_lost(lambda: cancel.set(f"the session with {node}, which held the lock, was lost"))
        try:
            yield
        finally:
            forget()
            if session.is_open:
                with suppress(OpenSVCError):
                    session.request("unlock", {"service": service.name}, timeout=UNLOCK_LIMIT)

    def _give_up(self, node: str, error: OpenSVCError) -> None:
        """A peer that did not say whether it took the lock is not asked anything more: its session would keep it."""
        with self._guard:
            door = self._doors[node]
        if isinstance(error, PeerError) and door.problem is None:
            door.problem = error
            if door.session is not None:
                door.session.abandon()

    # -- evidence ------------------------------------------------------------------------------------------------------

    def ask(self, service: Service, nodes: Sequence[str]) -> tuple[Evidence, ...]:
        """See Peers."""
        answers = dict(side_by_side(list(nodes), lambda node: self._ask(service, node), limit=max(1, len(nodes))))
        found = []
        for node in nodes:
            answer = answers[node]
            if isinstance(answer, Evidence):
                found.append(answer)
            else:
                text = answer.message if isinstance(answer, OpenSVCError) else f"{type(answer).__name__}: {answer}"
                found.append(Evidence(node, NodeState.UNKNOWN, node, self.clock.now(), text))
        return tuple(found)

    def _ask(self, service: Service, node: str) -> Evidence:
        limit = self.status_limit + MARGIN
        answer = self._session(node).request("evidence", {"service": service.name}, timeout=limit)
        found: Evidence = wire.reading("evidence", answer, lambda document: wire.evidence_in(document["evidence"]))
        if found.node != node:
            raise wire.WireError(f"{node} sent evidence of another node")
        return found


def peers_of(
    node: Node, host: Host, clock: Clock, connect_limit: float, status_limit: float, silence: float
) -> SshPeers:
    """The peers of a node.

    Args:
        node: this node.
        host: where its commands run.
        clock: source of time.
        connect_limit: seconds until a peer counts as out of reach.
        status_limit: seconds that drivers have to answer there.
        silence: seconds of silence after which a session is lost.
    """
    from opensvc_core.host.local import LocalHost
    from opensvc_core.host.names import RESOLVE_LIMIT, Resolver

    if not isinstance(host, LocalHost):
        host = LocalHost(node.name, os_name=node.os_name, clock=clock)
    resolver = Resolver(node.folders.etc / "hosts", clock, min(RESOLVE_LIMIT, connect_limit))
    return SshPeers(
        Ssh(node.folders), host, resolver, clock, connect_limit, status_limit, min(silence, LONGEST_SILENCE)
    )
