"""Run in a node by `test_handing_over`: one step of a migration, by the drivers of this node and nothing else."""

from __future__ import annotations

import sys
import uuid

from opensvc_core.actions.perform import Performer
from opensvc_core.api import Deadline, open_agent
from opensvc_core.plan import Plan


def main(name: str, action: str, rid: str, peer: str) -> None:
    """Do the step; what it says is printed. Raises OpenSVCError."""
    agent = open_agent()
    service = agent.load(name)
    graph = agent.graph(service)
    plan = Plan("migrate", (service,), {name: graph}, ())
    performer = Performer(agent, plan, {}, uuid.uuid4().hex[:12], lambda _: None, peer=peer)
    resource = next(each for each in graph.resources if each.rid == rid)
    context = performer.reading_context(action)
    context.deadline = Deadline.after(120.0, agent.clock, "the step")
    print(agent.dispatcher.hand_over(action, resource, context).text)  # noqa: T201 - its caller reads it


main(*sys.argv[1:])
