"""How services stand on this node, for whoever looks at several nodes: statuses, and which service file they have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.actions.evidence import state_of
from opensvc_core.generation import GenerationError, digest_of, read_config
from opensvc_core.standing import Standing, of_status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opensvc_core.actions.agent import Agent
    from opensvc_core.model import Service
    from opensvc_core.status import ServiceStatus


def standings(agent: Agent, statuses: Iterable[ServiceStatus], *, has_resources: bool) -> dict[str, Standing]:
    """What this node says of services whose whole status was just asked for.

    Args:
        agent: this node's.
        statuses: with all their resources.
        has_resources: whether each resource is told.
    """
    told = {}
    for status in statuses:
        state, _ = state_of(
            (item.resource for item in status.resources), {item.resource.id: item.report for item in status.resources}
        )
        digest, generation = _file(agent, status.service)
        told[status.service.name] = of_status(
            status, state=state, digest=digest, generation=generation, has_resources=has_resources
        )
    return told


def _file(agent: Agent, service: Service) -> tuple[str, int]:
    try:
        text = service.path.read_bytes()
        return digest_of(text), read_config(agent.node.folders, service.name, text, agent.node.name).number
    except (OSError, GenerationError):
        return "", 0
