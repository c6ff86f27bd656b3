"""The destination's part in the channel of a migration: tickets for its streams, and the stream behind each ticket."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opensvc_core.actions.peering.runs import load_for
from opensvc_core.cluster import tickets
from opensvc_core.errors import ActionError, PlanError
from opensvc_core.host.relay import carry, user_ids
from opensvc_core.model import Phase, Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.peering.operations import Call, Visit

PURPOSE = "channel"
FOLDERS = Path("/run/opensvc")
"""Folders of channels lie here, on both nodes: nobody but root can list it."""
FOLDER = re.compile(r"/run/opensvc/[0-9a-f]{32}")
TICKET_SECONDS = 60.0
"""Seconds after which a ticket that nobody came with is worth nothing."""
LONGEST = 24 * 3600.0
"""Seconds that a channel is open at the most, whatever a source asks for."""


def channel(visit: Visit, call: Call) -> Mapping[str, Any]:
    """A ticket for each stream that the source of a migration asks for, bound to one guest and to this session's run.

    Raises:
        ActionError: there is no such run in this session, or the driver has no such stream.
        PlanError: it is about nothing that this node knows, or no guest.
    """
    data = call.data
    agent, name = visit.agent, str(data["service"])
    with visit.guard:
        is_known = f"run {data['run']}" in visit.facts
    if not is_known:
        raise ActionError(f"{agent.node.name} knows of no such run in this session", code="run_not_found")
    load_for(visit, name)
    resource = _guest(agent, name, str(data["rid"]))
    folder = FOLDERS / secrets.token_hex(16)
    make_folder(folder)
    visit.holds.callback(shutil.rmtree, folder, ignore_errors=True)
    seconds = min(float(data["seconds"]), LONGEST)
    issued = {}
    for stream in data["streams"]:
        end = agent.dispatcher.channel_end(resource, str(stream), folder)
        if owners := user_ids(end.owners):
            os.chown(folder, owners[0], -1)
        facts = {"service": name, "rid": resource.rid, "stream": str(stream), "folder": str(folder), "seconds": seconds}
        issued[str(stream)] = tickets.issue(agent.node.folders, visit.peer, PURPOSE, facts, TICKET_SECONDS)
    return {"folder": str(folder), "tickets": issued}


def serve(agent: Agent, peer: str, ticket: str, begun: Callable[[dict[str, str]], None]) -> dict[str, str]:
    """What ``osvc peer channel TICKET`` does: carry one stream between this process and the hypervisor.

    It ends with the session in which the ticket was made, at the latest after the time that the ticket names.

    Args:
        agent: this node's.
        peer: whose key it came with.
        ticket: as it was shown.
        begun: told what the stream is about, once the ticket is found good.

    Returns:
        What the stream was about.

    Raises:
        ActionError: the ticket is worth nothing, or the source says what a migration of this guest does not need.
    """
    facts = tickets.redeem(agent.node.folders, peer, ticket, PURPOSE)
    folder = Path(str(facts["folder"]))
    resource = _guest(agent, str(facts["service"]), str(facts["rid"]))
    end = agent.dispatcher.channel_end(resource, str(facts["stream"]), folder)
    about = {"service": str(facts["service"]), "rid": resource.rid, "stream": str(facts["stream"])}
    begun(about)
    until = agent.clock.monotonic() + float(facts["seconds"])

    def is_wanted() -> bool:
        return folder.exists() and agent.clock.monotonic() < until

    try:
        carry(0, 1, end.socket, end.sieve.let_through if end.sieve is not None else None, is_wanted)
    except OSError as error:
        text = f"{end.socket}: {error.strerror}: the stream {facts['stream']} of {resource.id} ends"
        raise ActionError(text, code="channel") from error
    return about


def make_folder(folder: Path) -> None:
    """Make the folder of a channel, and the one above it. Raises OSError."""
    with suppress(FileExistsError):
        folder.parent.mkdir(mode=0o711)
    folder.parent.chmod(0o711)
    folder.mkdir(mode=0o711)


def _guest(agent: Agent, name: str, rid: str) -> Resource:
    for resource in agent.load(name).resources:
        if resource.rid == rid and resource.phase is Phase.CONTAINER and not resource.problem:
            return resource
    raise PlanError(f"{agent.node.name}: {name} has no guest {rid}", code="unknown_rid")
