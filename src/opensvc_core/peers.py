"""The other nodes of a service: their locks, their word, what they do for a run."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from opensvc_core.model import Evidence, NodeState, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opensvc_core.clock import Cancel
    from opensvc_core.cluster.link import Link
    from opensvc_core.lock import Holder


class Peers(Protocol):
    """How a run reaches the other nodes of its services: one session a peer, opened when it is first needed."""

    @property
    def asks(self) -> bool:
        """Whether it asks anybody at all."""
        ...

    def link(self, node: str) -> Link:
        """The session with a peer, opened if it is not yet.

        Raises:
            PeerError: there is none; a peer that was not reached once is not tried again by this run.
        """
        ...

    def hold_lock(
        self, service: Service, node: str, holder: Holder, *, wait: float, cancel: Cancel
    ) -> AbstractContextManager[None]:
        """Hold the lock of a service on another node; one that cannot be reached holds none, and says so when asked.

        The session that is lost while it holds a lock sets `cancel`: the run ends before its next step.

        Raises:
            Locked: that node says that it is held.
        """
        ...

    def ask(self, service: Service, nodes: Sequence[str]) -> tuple[Evidence, ...]:
        """Ask the other nodes side by side, disaster-recovery ones too, whether the service is up there.

        One piece of evidence a node: up, down, or unknown with the reason. Raises nothing.
        """
        ...

    def remote_shell(self, node: str) -> tuple[tuple[str, ...], str]:
        """The argv of the ssh that reaches a peer's gate, without its address, and that address. Raises PeerError."""
        ...

    def close(self) -> None:
        """End every session."""
        ...


class NoPeers:
    """Nobody is asked: a node that trusts no other, and what a library user gets who hands in no peers."""

    asks = False

    def link(self, node: str) -> Link:
        """There is none. Raises PeerError."""
        from opensvc_core.cluster.link import PeerError

        raise PeerError(
            f"{node} cannot be reached: this agent was opened without peers",
            code="peer_unreachable",
            hint="hand `peers` to `open_agent`",
        )

    def remote_shell(self, node: str) -> tuple[tuple[str, ...], str]:
        """There is none. Raises PeerError."""
        self.link(node)
        raise AssertionError

    def hold_lock(
        self, service: Service, node: str, holder: Holder, *, wait: float, cancel: Cancel
    ) -> AbstractContextManager[None]:
        """Nothing is held."""
        del service, node, holder, wait, cancel
        return nullcontext()

    def ask(self, service: Service, nodes: Sequence[str]) -> tuple[Evidence, ...]:
        """Every node is ``unasked``."""
        del service
        return tuple(Evidence(node, NodeState.UNASKED, "nobody") for node in nodes)

    def close(self) -> None:
        """There is nothing to end."""


class LaterPeers:
    """Peers that are made when the first of them is needed: a command that asks nobody imports nothing for them.

    Args:
        make: makes them, once.
    """

    asks = True

    def __init__(self, make: Callable[[], Peers]) -> None:
        self._make = make
        self._made: Peers | None = None
        self._guard = Lock()

    def _peers(self) -> Peers:
        with self._guard:
            if self._made is None:
                self._made = self._make()
            return self._made

    def link(self, node: str) -> Link:
        """See Peers."""
        return self._peers().link(node)

    def hold_lock(
        self, service: Service, node: str, holder: Holder, *, wait: float, cancel: Cancel
    ) -> AbstractContextManager[None]:
        """See Peers."""
        return self._peers().hold_lock(service, node, holder, wait=wait, cancel=cancel)

    def ask(self, service: Service, nodes: Sequence[str]) -> tuple[Evidence, ...]:
        """See Peers."""
        return self._peers().ask(service, nodes)

    def remote_shell(self, node: str) -> tuple[tuple[str, ...], str]:
        """See Peers."""
        return self._peers().remote_shell(node)

    def close(self) -> None:
        """See Peers; what was never needed is not made for it."""
        with self._guard:
            if self._made is not None:
                self._made.close()
