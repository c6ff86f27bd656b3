"""Asks for the status of services; one whose file is wrong does not hide the others."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from attrs import field, frozen

from opensvc_core.cli.environment import open_here
from opensvc_core.errors import OpenSVCError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.look import Look
    from opensvc_core.cli.document import Document
    from opensvc_core.model import Service
    from opensvc_core.plan import Selection
    from opensvc_core.standing import NodeWord
    from opensvc_core.status import ServiceStatus

UP_TWICE = "up_twice"
"""Code of the note on a service that is up on two nodes."""


@frozen
class Answers:
    """What was asked and what came back.

    Attributes:
        node: name of this node.
        at: when it was asked, in seconds since the epoch.
        statuses: by service name.
        broken: services whose file cannot be used, and why.
        words: of the other nodes, by name; empty where none was to be asked.
    """

    node: str
    at: float
    statuses: Mapping[str, ServiceStatus]
    broken: Mapping[str, OpenSVCError] = field(factory=dict)
    words: Mapping[str, NodeWord] = field(factory=dict)

    @property
    def exit_status(self) -> int:
        """0, or the exit status of the first service that could not be read, or 1 where one is up on two nodes."""
        is_up_twice = any(note.code == UP_TWICE for status in self.statuses.values() for note in status.notes)
        return next((int(type(error).exit_status) for error in self.broken.values()), int(is_up_twice))

    def document(self) -> Document:
        """As JSON (``status.schema.json``)."""
        from opensvc_core.cli.document import status_document

        return status_document(self.node, self.at, self.statuses, self.broken, self.words)

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
    is_local: bool = False,
    is_whole: bool = False,
    node: str = "",
) -> Answers:
    """Ask for the status of services.

    Args:
        names: names or globs; none means all.
        rids: only these resources or groups.
        tags: only resources with these tags.
        timeout: seconds, for other nodes too; what has not answered then is undef; ``None`` for the node's settings.
        agent: whom to ask; by default this node's.
        is_local: whether only this node is asked; so it is where only some resources are.
        is_whole: whether other nodes are asked for each resource too.
        node: another node, to be asked alone, in place of this one.

    Raises:
        ServiceNotFound: a name or glob matches nothing.
        PeerError: that node cannot be asked.
        PlanError: no such resource.
    """
    from opensvc_core.actions.recording import look_mark, record_look
    from opensvc_core.plan import Selection

    asked = agent or open_here()
    if node and node != asked.node.name:
        from opensvc_core.actions.on_node import look_at

        at = time.time()
        return Answers(node, at, *look_at(asked, node, names, Selection(rids, tags), timeout))
    is_local = is_local or bool(node)
    services, broken = load_all(asked, asked.find(names))
    # Neither a choice of resources nor a look in haste tells how a service stands.
    is_recorded = not rids and not tags and (timeout is None or timeout >= asked.limits.status)
    mark = look_mark(asked) if is_recorded else None
    is_alone = is_local or bool(rids or tags)
    answers = _look_once(asked, services, broken, Selection(rids, tags), timeout, is_alone=is_alone, is_whole=is_whole)
    if any(note.code == UP_TWICE for status in answers.statuses.values() for note in status.notes):
        # The nodes do not answer at one instant, and a service may move between two answers: look again.
        answers = _look_once(
            asked, services, broken, Selection(rids, tags), timeout, is_alone=is_alone, is_whole=is_whole
        )
    record_look(asked, answers.statuses, mark)
    if agent is None and answers.words:
        # One that hangs takes its time to part from: nobody waits for that.
        threading.Thread(target=asked.peers.close, name="part from peers", daemon=True).start()
    return answers


def _look_once(
    agent: Agent,
    services: Sequence[Service],
    broken: Mapping[str, OpenSVCError],
    selection: Selection,
    timeout: float | None,
    *,
    is_alone: bool,
    is_whole: bool,
) -> Answers:
    at = time.time()
    look = None if is_alone else _begin_look(agent, services, timeout, is_whole=is_whole)
    statuses = agent.status(services, selection=selection, timeout=timeout) if services else {}
    if look is None:
        return Answers(agent.node.name, at, statuses, broken)
    from opensvc_core.actions.look import judge_all

    words = look.end()
    return Answers(agent.node.name, at, judge_all(agent, statuses, words), broken, words)


def _begin_look(agent: Agent, services: Sequence[Service], timeout: float | None, *, is_whole: bool) -> Look | None:
    """Begin to ask the other nodes; ``None``, and nothing imported, where there are none or nobody is trusted."""
    here = agent.node.name.lower()
    if not any(node.lower() != here for service in services for node in service.all_nodes) or not agent.peers.asks:
        return None
    from opensvc_core.actions.look import Look

    limit = agent.limits.view if timeout is None else timeout
    return Look.begin(agent, services, limit, has_resources=is_whole)


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
