"""Which groups the services of this node name."""

from __future__ import annotations

from opensvc_core.api import Agent, OpenSVCError
from opensvc_lvm.protection.check import Services

DRIVER = "disk.lvm"


def services_of(agent: Agent) -> Services:
    """Read the files of all services of a node."""
    groups: dict[str, str] = {}
    unread = []
    for name in agent.find(()):
        try:
            service = agent.load(name)
        except OpenSVCError:
            unread.append(name)
            continue
        for resource in service.resources:
            if resource.driver == DRIVER and resource.options.get("vgname"):
                groups.setdefault(resource.text("vgname"), name)
    return Services(groups, tuple(unread))
