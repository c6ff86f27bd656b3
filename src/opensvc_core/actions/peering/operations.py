"""The operations that peers may ask for, by name; each is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from threading import Lock
from typing import TYPE_CHECKING, Any

from attrs import Factory, define, field, frozen

if TYPE_CHECKING:
    from opensvc_core.actions.agent import Agent
    from opensvc_core.clock import Cancel, Deadline

OPERATIONS: Mapping[str, str] = {
    "hello": "facts:hello",
    "evidence": "facts:evidence",
    "lock": "locks:lock",
    "unlock": "locks:unlock",
    "way_back": "way_back:way_back",
    "graph": "graphs:graph",
    "check": "runs:check",
    "begin": "runs:begin",
    "step": "runs:step",
    "verify": "runs:verify",
    "end": "runs:end",
    "channel": "channels:channel",
    "generation": "replication:generation",
    "mounts": "replication:mounts",
    "receive": "replication:receive",
    "received": "replication:received",
    "config": "files:config",
    "put_files": "files:put_files",
    "statuses": "statuses:statuses",
    "history": "history:history",
    "act": "acts:act",
    "preview_act": "acts:preview_act",
    "look": "acts:look",
}
"""Name of an operation to ``module:function``, in this package. What is not here does not exist for a peer."""


@define
class Visit:
    """One session of a peer: what it holds here, and lets go with its end.

    Attributes:
        agent: of this node.
        peer: name of the peer, by the key that it came with; never by its own word.
        holds: what ends with the session: locks, running steps, tickets.
        facts: what operations keep for later ones of the session, by name.
    """

    agent: Agent
    peer: str
    holds: ExitStack = Factory(ExitStack)
    facts: dict[str, Any] = Factory(dict)
    guard: Lock = field(factory=Lock, repr=False)


@frozen
class Call:
    """One request of a peer.

    Attributes:
        data: what came with it; nothing of it is trusted.
        cancel: set when the peer no longer wants it, or is gone.
        deadline: when the peer gives up waiting.
        emit: tells the peer something meanwhile: a kind, and data.
    """

    data: Mapping[str, Any]
    cancel: Cancel
    deadline: Deadline
    emit: Callable[[str, Mapping[str, Any]], None]


Operation = Callable[[Visit, Call], Mapping[str, Any]]
"""Does what a peer asks for, gives the answer as JSON, raises OpenSVCError."""


def find(name: str) -> Operation | None:
    """The operation of that name, ``None`` if there is none."""
    place = OPERATIONS.get(name)
    if place is None:
        return None
    from importlib import import_module

    module, _, function = place.partition(":")
    operation: Operation = getattr(import_module(f"{__package__}.{module}"), function)
    return operation
