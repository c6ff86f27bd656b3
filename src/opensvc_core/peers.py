"""The other nodes of a service: their locks and their word. The cluster's distribution brings the real ones."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

from opensvc_core.model import Evidence, NodeState, Service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.clock import Cancel
    from opensvc_core.lock import Holder


class Peers(Protocol):
    """How a run reaches the other nodes of its services."""

    @property
    def asks(self) -> bool:
        """Whether it asks anybody at all."""
        ...

    def hold_lock(
        self, service: Service, node: str, holder: Holder, *, wait: float, cancel: Cancel
    ) -> AbstractContextManager[None]:
        """Hold the lock of a service on another node. Raises Locked if that node says that it is held."""
        ...

    def ask(self, service: Service, nodes: Sequence[str]) -> tuple[Evidence, ...]:
        """Ask the other nodes, disaster-recovery ones too, whether the service is up there."""
        ...


class NoPeers:
    """Nobody is asked: what this version has until nodes can reach one another."""

    asks = False

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
