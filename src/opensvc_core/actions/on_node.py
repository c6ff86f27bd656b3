"""Actions on another node, done by its own agent for an operator here: its locks, its vetoes, its journal."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from opensvc_core.actions.preview import Preview, preview_in
from opensvc_core.cluster import wire, wire_runs
from opensvc_core.cluster.lines import LONGEST_LIMIT
from opensvc_core.errors import OpenSVCError, Vetoed
from opensvc_core.model import Service
from opensvc_core.plan import Selection
from opensvc_core.status import ServiceStatus, aggregate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.execute import RunOptions
    from opensvc_core.run import Run

LOOK_MARGIN = 15.0
"""Seconds that an answer has over the limit of what is asked there."""
PREVIEW_MARGIN = 60.0
"""Seconds that a dry run has over its limits: that node asks its own peers in turn."""


@frozen
class Errand:
    """What another node is to do.

    Attributes:
        node: that node.
        verb: ``start``, ``stop``, ``restart`` or ``startstandby``.
        names: services, by name or glob, as that node has them.
        selection: which of their resources.
        dead: nodes that the operator declares dead; that node looks for signs of life.
    """

    node: str
    verb: str
    names: tuple[str, ...]
    selection: Selection = field(factory=Selection)
    dead: tuple[str, ...] = ()


def act_on(agent: Agent, errand: Errand, options: RunOptions) -> Run:
    """Have another node do something with services and wait for its report.

    Args:
        agent: this node's.
        errand: what is to be done.
        options: of the run there. Its events are told here, its cancel token cancels it there.

    Raises:
        PeerError: that node cannot be asked, or was lost: then ``osvc log`` there tells how far it came.
        OpenSVCError: what it refuses with; its message, or the subject of each veto, names that node.
    """

    def on_event(kind: str, data: Mapping[str, Any]) -> None:
        # What a peer says on the way is for people: what cannot be read is left out.
        with suppress(KeyError, TypeError, ValueError, AttributeError):
            if kind == "event":
                options.on_event(wire_runs.event_in(data))

    data = {
        **_words(agent, errand),
        "permits": sorted(options.permits),
        "wait": options.wait,
        "max_parallel": options.max_parallel,
        "time_limit": options.time_limit,
    }
    link = agent.peers.link(errand.node)
    with _naming(errand.node):
        answer = link.request("act", data, timeout=LONGEST_LIMIT, cancel=options.cancel, on_event=on_event)
    return wire.reading("a run", answer, lambda document: wire_runs.run_in(document["run"], errand.node))


def preview_on(agent: Agent, errand: Errand) -> Preview:
    """What ``act_on`` would do. Raises PeerError, and what that node says against it."""
    limit = agent.limits.status + agent.limits.checks + PREVIEW_MARGIN
    with _naming(errand.node):
        answer = agent.peers.link(errand.node).request("preview_act", _words(agent, errand), timeout=limit)
    return wire.reading("a preview", answer, lambda document: preview_in(document["preview"]))


def look_at(
    agent: Agent, node: str, names: Sequence[str], selection: Selection, timeout: float | None = None
) -> tuple[dict[str, ServiceStatus], dict[str, OpenSVCError]]:
    """The status of services as another node tells it, resource by resource; and what is wrong with files of others.

    Args:
        agent: this node's.
        node: whom to ask.
        names: names or globs, as that node has them; none means all that this node shares with it.
        selection: which resources.
        timeout: seconds; what has not answered there by then is ``undef``.

    Raises:
        PeerError: it cannot be asked.
        OpenSVCError: no such service there, or no such resource.
    """
    limit = agent.limits.status if timeout is None else timeout
    data = {"names": list(names), "selection": wire_runs.selection_out(selection), "timeout": limit}
    answer = agent.peers.link(node).request("look", data, timeout=limit + LOOK_MARGIN)

    def read(document: Any) -> tuple[dict[str, ServiceStatus], dict[str, OpenSVCError]]:
        statuses = {str(name): _status_in(str(name), each) for name, each in document["services"].items()}
        return statuses, {str(name): wire.error_in(each, node) for name, each in document["broken"].items()}

    return wire.reading("its statuses", answer, read)


def _status_in(name: str, document: Any) -> ServiceStatus:
    resources = [wire.resource_in(each) for each in document["resources"]]
    nodes, drpnodes = (tuple(str(node) for node in document[kind]) for kind in ("nodes", "drpnodes"))
    own = tuple(resource for resource in resources if not resource.companion_of)
    status = aggregate(
        Service(name, Path(f"{name}.env"), own, nodes, drpnodes),
        resources,
        wire.reports_in(document["reports"]),
        is_frozen=document["is_frozen"] is True,
        notes=[wire.note_in(note) for note in document["notes"]],
    )
    is_node_frozen, is_drained = (document[name] is True for name in ("is_node_frozen", "is_drained"))
    return evolve(status, is_node_frozen=is_node_frozen, is_drained=is_drained)


def _words(agent: Agent, errand: Errand) -> dict[str, Any]:
    return {
        "verb": errand.verb,
        "names": list(errand.names),
        "selection": wire_runs.selection_out(errand.selection),
        "dead": list(errand.dead),
        "user": agent.user,
        "argv": list(agent.argv),
    }


@contextmanager
def _naming(node: str) -> Iterator[None]:
    """Have vetoes say which node they are of; other errors of a peer do so in their message."""
    try:
        yield
    except Vetoed as error:
        raise Vetoed([evolve(veto, subject=f"{veto.subject} on {node}") for veto in error.vetoes]) from error
