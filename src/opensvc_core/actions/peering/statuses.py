"""What a peer shows of this node: how the services stand here that both of them may run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opensvc_core.actions.standings import standings
from opensvc_core.cluster.host_mode import read_host_mode
from opensvc_core.cluster.wire import WireError
from opensvc_core.errors import ConfigError, OpenSVCError
from opensvc_core.standing import Standing, standing_out

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.peering.operations import Call, Visit
    from opensvc_core.model import Service

MOST_SERVICES = 5000
"""Services that one answer tells of."""
MOST_RESOURCES = 5000
"""Resources that one answer tells of; beyond them, services without their resources."""
MARGIN = 0.2
"""Share of a peer's time that is kept for the answer's way back."""


def statuses(visit: Visit, call: Call) -> Mapping[str, Any]:
    """The standing of services here, asked in one go; those that the peer is no node of are as if they were not here.

    Its data: ``services``, names, none for all; ``resources``, whether each resource is told; ``timeout``, seconds.

    Raises:
        WireError: the data are not these.
    """
    names, has_resources = call.data.get("services") or [], call.data.get("resources") is True
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or len(names) > MOST_SERVICES:
        raise WireError("`services` is a list of names", hint="do both nodes run the same version?")
    agent = visit.agent
    known = agent.find()
    services, problems = _load(agent, [name for name in known if not names or name in set(names)], visit.peer)
    limit = min(call.deadline.remaining(), float(call.data.get("timeout") or agent.limits.status)) * (1 - MARGIN)
    found = agent.status(services[:MOST_SERVICES], timeout=limit) if services else {}
    fits = sum(len(status.resources) for status in found.values()) <= MOST_RESOURCES
    told = standings(agent, found.values(), has_resources=has_resources and fits)
    told.update({name: Standing(problem=problem) for name, problem in problems.items()})
    return {
        "node": agent.node.name,
        "host_mode": _host_mode(agent),
        "services": {name: standing_out(standing) for name, standing in told.items()},
    }


def _load(agent: Agent, names: list[str], peer: str) -> tuple[list[Service], dict[str, str]]:
    """The services that the peer shares, and what is wrong with the files that cannot be read.

    Whose a file is cannot be told when it cannot be read: the peer learns that it is broken, and no more.
    """
    services, problems = [], {}
    for name in names:
        try:
            service = agent.load(name)
        except OpenSVCError:
            problems[name] = f"its file there cannot be used: `osvc config validate {name}` there"
            continue
        if peer.lower() in {node.lower() for node in service.all_nodes}:
            services.append(service)
    return services, problems


def _host_mode(agent: Agent) -> str:
    try:
        mode = read_host_mode(agent.node.folders)
    except ConfigError:
        return ""
    return mode.value if mode is not None else ""
