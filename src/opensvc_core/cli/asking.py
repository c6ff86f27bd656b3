"""Asks for the status of services; one whose file is wrong does not hide the others."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from attrs import field, frozen

from opensvc_core.cli.environment import open_here
from opensvc_core.errors import OpenSVCError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.cli.document import Document
    from opensvc_core.model import Service
    from opensvc_core.status import ServiceStatus


@frozen
class Answers:
    """What was asked and what came back.

    Attributes:
        node: name of this node.
        at: when it was asked, in seconds since the epoch.
        statuses: by service name.
        broken: services whose file cannot be used, and why.
    """

    node: str
    at: float
    statuses: Mapping[str, ServiceStatus]
    broken: Mapping[str, OpenSVCError] = field(factory=dict)

    @property
    def exit_status(self) -> int:
        """0, or the exit status of the first service that could not be read."""
        return next((int(type(error).exit_status) for error in self.broken.values()), 0)

    def document(self) -> Document:
        """As JSON (``status.schema.json``)."""
        from opensvc_core.cli.document import status_document

        return status_document(self.node, self.at, self.statuses, self.broken)

    def tell_broken(self) -> None:
        """Say on standard error which services could not be read."""
        if self.broken:
            from opensvc_core.cli.failure import error_text
            from opensvc_core.cli.output import say

            for error in self.broken.values():
                say(error_text(error))


def ask(
    names: Sequence[str],
    *,
    rids: tuple[str, ...] = (),
    tags: tuple[str, ...] = (),
    timeout: float | None = None,
    agent: Agent | None = None,
) -> Answers:
    """Ask for the status of services.

    Args:
        names: names or globs; none means all.
        rids: only these resources or groups.
        tags: only resources with these tags.
        timeout: seconds; what has not answered then is undef; ``None`` for the node's setting.
        agent: whom to ask; by default this node's.

    Raises:
        ServiceNotFound: a name or glob matches nothing.
        PlanError: no such resource.
    """
    from opensvc_core.plan import Selection

    asked = agent or open_here()
    services, broken = load_all(asked, asked.find(names))
    at = time.time()
    statuses = asked.status(services, selection=Selection(rids, tags), timeout=timeout) if services else {}
    return Answers(asked.node.name, at, statuses, broken)


def load_all(agent: Agent, names: Sequence[str]) -> tuple[list[Service], dict[str, OpenSVCError]]:
    """Read service files: those that can be used, and for each other one why not."""
    services: list[Service] = []
    broken: dict[str, OpenSVCError] = {}
    for name in names:
        try:
            services.append(agent.load(name))
        except OpenSVCError as error:
            broken[name] = error
    return services, broken
