"""Giving up this node's copy of a service: the answer of a person to two histories."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from opensvc_core.actions.find import service_file
from opensvc_core.actions.status import ask
from opensvc_core.clock import Cancel
from opensvc_core.copies import not_verified_down
from opensvc_core.errors import ActionError
from opensvc_core.generation import discard_config, discard_data
from opensvc_core.lock import Holder, hold_lock

if TYPE_CHECKING:
    from opensvc_core.actions.agent import Agent


def discard(agent: Agent, name: str, wait: float, *, is_config: bool) -> None:
    """Have any other node's copy count as newer than the one here. Deletes nothing.

    Args:
        agent: this node's.
        name: of the service.
        wait: seconds to wait for another run.
        is_config: whether it is about the service file, and not about the data.

    Raises:
        ActionError: the service is not verified down here (``sync_not_down``), or it cannot be written down.
        Locked: a run is under way.
    """
    holder = Holder(os.getpid(), agent.user, "sync discard", agent.clock.now())
    with hold_lock(agent.node.folders.lock, name, holder, wait=wait, clock=agent.clock, cancel=Cancel()):
        try:
            if is_config:
                discard_config(agent.node.folders, name, service_file(agent.node, name).read_bytes())
                return
            graph = agent.graph(agent.load(name))
            if why := not_verified_down(graph, ask(agent, [graph])):
                raise ActionError(
                    f"{name} is not verified down on {agent.node.name}: {why}",
                    code="sync_not_down",
                    hint=f"osvc stop {name}",
                )
            discard_data(agent.node.folders, name)
        except OSError as error:
            raise ActionError(f"{name}: the copy could not be given up: {error}", code="sync_unwritten") from error
