"""One session with a peer, as whoever asks sees it: requests that are answered in any order, each with its limit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from opensvc_core.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opensvc_core.clock import Cancel

CONNECT_LIMIT = 5.0
"""Seconds until a peer has said hello, where ``[limits] peer`` of ``node.conf`` names no others."""


class PeerError(ActionError):
    """A peer did not answer, or not as a peer does. Nothing is known of what it did, unless the code says so.

    Codes: ``peer_unreachable`` (no session: nothing was done there), ``peer_timeout``, ``peer_lost`` (the session ended
    meanwhile), ``peer_refused`` (it does not know this node's key, or forbids what was asked: nothing was done),
    ``peer_garbage`` (its words are no answer), ``peer_version`` (it speaks another version).
    """

    code = "peer"


class Link(Protocol):
    """An open session with one peer. Any number of requests may be under way in it, from any thread."""

    @property
    def node(self) -> str:
        """Name of the peer."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether requests can still be made."""
        ...

    def request(
        self,
        operation: str,
        data: Mapping[str, Any],
        *,
        timeout: float,
        cancel: Cancel | None = None,
        on_event: Callable[[str, Mapping[str, Any]], None] | None = None,
    ) -> dict[str, Any]:
        """Ask the peer for one operation and wait for its answer.

        Args:
            operation: its name, a key of ``actions.peering.operations.OPERATIONS``.
            data: what it needs; JSON.
            timeout: seconds; the peer is told, and ends what it does by then.
            cancel: when set, the peer is told to end it; the answer is awaited all the same, within the limit.
            on_event: told what the peer says meanwhile: a kind, and data.

        Raises:
            PeerError: no answer, or none that can be read.
            OpenSVCError: what the operation raised there, made anew here.
        """
        ...

    def close(self) -> None:
        """End the session: locks that the peer holds for it are let go, what it still does is cancelled."""
        ...
