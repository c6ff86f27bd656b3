"""What this node does for a peer's replication: tells its generations, takes a copy, or lets one be taken."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from attrs import Factory, define

from opensvc_core.actions.destination import destination_of, is_mounted
from opensvc_core.actions.replications import reading_context
from opensvc_core.actions.status import ask
from opensvc_core.actions.transferring import await_transfers
from opensvc_core.cluster.host_mode import WORDS, HostMode, read_host_mode, refuse_push
from opensvc_core.cluster.tickets import issue, revoke
from opensvc_core.copies import not_verified_down, refuse_generation
from opensvc_core.errors import ActionError, OpenSVCError
from opensvc_core.generation import (
    Generation,
    begin_receiving,
    end_receiving,
    generation_in,
    generation_out,
    read_data,
)
from opensvc_core.lock import Holder, hold_lock
from opensvc_core.model import Phase
from opensvc_core.replication import Stamp, stamp_file, target_nodes, write_stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.actions.peering.operations import Call, Visit
    from opensvc_core.model import Resource, Service

TICKET_LIFE = 60.0
"""Seconds within which the transfer of a ticket must begin."""
LOCK_WAIT = 5.0
"""Seconds that a peer's replication waits for a run that holds the service here."""


def service_of_peer(visit: Visit, name: str) -> Service:
    """A service that the peer is a node of, by the file here.

    Raises:
        ActionError: it is none (``not_a_peer``).
        ServiceNotFound, ConfigError: there is no such service here, or its file cannot be used.
    """
    service = visit.agent.load(name)
    if visit.peer not in service.all_nodes:
        raise ActionError(
            f"{visit.peer} is no node of {name} by the service file on {visit.agent.node.name}",
            code="not_a_peer",
            hint=f"compare the files: osvc config diff {name} --node {visit.agent.node.name}",
        )
    return service


def read_generation(data: Mapping[str, Any]) -> Generation:
    """The generation that a peer names. Raises ActionError for what is none."""
    try:
        return generation_in(data["marks"])
    except (KeyError, TypeError, ValueError) as error:
        raise ActionError(f"a peer sent a generation that is none: {error}", code="peer_garbage") from error


def generation(visit: Visit, call: Call) -> Mapping[str, Any]:
    """Of which generation the copies of services are here; a service that cannot tell has an error in its place."""
    answer: dict[str, Any] = {}
    for name in list(call.data["services"])[:1000]:
        try:
            service = service_of_peer(visit, str(name))
            copy = read_data(visit.agent.node.folders, service.name)
        except OpenSVCError as error:
            answer[str(name)] = {"error": error.message}
        else:
            answer[service.name] = {"marks": generation_out(copy.generation), "incomplete": dict(copy.incomplete)}
    return {"services": answer}


def mounts(visit: Visit, call: Call) -> Mapping[str, Any]:
    """Whether something is mounted at exactly that folder here. Raises ActionError if that cannot be told."""
    path = str(call.data["path"])
    try:
        return {"is_mounted": path.startswith("/") and "\0" not in path and is_mounted(path)}
    except OSError as error:
        raise ActionError(f"{visit.agent.node.name} cannot tell what is mounted at {path}: {error}") from error


# -- copies ------------------------------------------------------------------------------------------------------------


@define
class Receiving:
    """What a session holds here of one service while copies are under way."""

    lock: ExitStack
    rids: set[str] = Factory(set)


def receive(visit: Visit, call: Call) -> Mapping[str, Any]:
    """Agree to one transfer, after everything that forbids it was looked at here: a ticket for the gate, and the place.

    Until ``received`` the session holds the service's lock here: nothing starts on a copy that is being written.

    Raises:
        ActionError: it is refused; nothing was changed.
        Locked: a run is under way here.
        GenerationError: whether the copy here is old cannot be told.
    """
    agent, data = visit.agent, call.data
    is_pull = data["is_pull"] is True
    service = service_of_peer(visit, str(data["service"]))
    resource = _replication(service, str(data["rid"]))
    copy = agent.dispatcher.describe_copy(resource, reading_context(agent, (service,)))
    here = agent.node.name
    receiver, sender = (visit.peer, here) if is_pull else (here, visit.peer)
    if visit.peer in service.drpnodes:
        raise _refused(f"{visit.peer} is a disaster-recovery node of {service.name}: {here} takes and gives nothing")
    if not is_pull and here not in target_nodes(service, copy.targets, sender):
        raise _refused(f"{here} is no target of {resource.id} by the service file here")
    if not is_pull and copy.carries_data:
        _refuse_by_mode(visit, service, str(data.get("mode", "")))
    if resource.is_disabled:
        raise _refused(f"{resource.id} is disabled on {here}")
    sent = read_generation(data)
    hold(visit, service.name, resource.rid, call)
    try:
        if copy.carries_data:
            graph = agent.graph(service)
            why = not_verified_down(graph, ask(agent, [graph]), on_ground=is_pull)
            if why:
                raise _refused(
                    f"{service.name} is not verified down on {here}: {why}",
                    "sync_not_down",
                    f"stop it there first: osvc stop {service.name}",
                )
            mine = read_data(agent.node.folders, service.name)
            theirs, ours = (mine.generation, sent) if is_pull else (sent, mine.generation)
            if refusal := refuse_generation(theirs, ours, sender, receiver):
                raise _refused(refusal, "copy_newer", _choice(service.name, receiver))
            if is_pull and mine.incomplete:
                raise _refused(f"the copy on {here} is incomplete: a replication into it was cut", "copy_incomplete")
        if is_pull:
            paths = [_pulled(copy.sources, copy.destination, data)]
        else:
            paths = [str(destination_of(agent.node, service, resource, copy, visit.peer))]
            if copy.carries_data:
                begin_receiving(agent.node.folders, service.name, [resource.rid], visit.peer)
        ticket = issue(
            agent.node.folders,
            visit.peer,
            "receive",
            {"service": service.name, "rid": resource.rid, "paths": paths, "is_sender": is_pull},
            TICKET_LIFE,
        )
        with visit.guard:
            # With the lock ends what could still begin to write.
            visit.facts["receiving"][service.name].lock.callback(revoke, agent.node.folders, ticket)
    except BaseException:
        let_go(visit, service.name, resource.rid)
        raise
    known = read_data(agent.node.folders, service.name).generation if copy.carries_data else Generation()
    return {"ticket": ticket, "path": paths[0], "marks": generation_out(known)}


def received(visit: Visit, call: Call) -> Mapping[str, Any]:
    """The end of a transfer by the word of the peer: if it went well, the copy here is of the sender's generation.

    Raises:
        ActionError: this session has no such transfer.
        OSError: it cannot be written down.
    """
    agent, data = visit.agent, call.data
    name, rid = str(data["service"]), str(data["rid"])
    receiving: dict[str, Receiving] = visit.facts.get("receiving", {})
    if name not in receiving or rid not in receiving[name].rids:
        raise ActionError(f"no transfer of {name}/{rid} is under way here", code="peer_refused")
    try:
        if data["is_good"] is True and data["is_pull"] is not True:
            resource = _replication(service_of_peer(visit, name), rid)
            sent = read_generation(data)
            copy = agent.dispatcher.describe_copy(resource, reading_context(agent, (agent.load(name),)))
            if copy.carries_data:
                end_receiving(agent.node.folders, name, rid, sent)
            path = stamp_file(agent.node.folders, agent.node.name, resource.id)
            write_stamp(path, Stamp(agent.clock.now(), visit.peer, sent.number))
    finally:
        let_go(visit, name, rid)
    return {}


def _replication(service: Service, rid: str) -> Resource:
    try:
        resource = service.resource(rid)
    except KeyError:
        resource = None
    if resource is None or resource.phase is not Phase.REPLICATION:
        raise ActionError(
            f"{service.name} has no replication {rid} by the service file here",
            code="sync_unknown",
            hint=f"replicate the file first: osvc sync nodes {service.name} --rid sync#i0",
        )
    return resource


def _refuse_by_mode(visit: Visit, service: Service, word: str) -> None:
    """The policies of host modes, which trust holds by keys, by the word of the peer too. Raises ActionError."""
    source = HostMode(word) if word in WORDS else None
    veto = refuse_push(
        str(service.options.get("service_type") or ""),
        source,
        read_host_mode(visit.agent.node.folders),
        source_is_drpnode=visit.peer in service.drpnodes,
    )
    if veto is not None:
        raise _refused(f"{visit.agent.node.name}: {veto.reason}", "sync_host_mode", veto.hint)


def _pulled(sources: tuple[str, ...], destination: str, data: Mapping[str, Any]) -> str:
    """The path here that holds the copy of one of the sources, as the peer counts them."""
    number = data["source"]
    if not isinstance(number, int) or not 0 <= number < len(sources):
        raise ActionError("no such source", code="peer_garbage")
    source = sources[number]
    return f"{destination}/" if source.endswith("/") else f"{destination}/{source.rpartition('/')[2]}"


def _refused(reason: str, code: str = "sync_refused", hint: str = "") -> ActionError:
    return ActionError(reason, code=code, hint=hint)


def _choice(service: str, node: str) -> str:
    return (
        f"decide which copy is good; to take the one of {node} back use `osvc failback {service}`; "
        f"to give it up, on {node}: osvc sync discard {service}"
    )


def hold(visit: Visit, service: str, rid: str, call: Call) -> None:
    """Hold the lock of a service here for the session, until all that it holds it for is let go. Raises Locked."""
    with visit.guard:
        receiving: dict[str, Receiving] = visit.facts.setdefault("receiving", {})
        if service not in receiving:
            agent = visit.agent
            stack = ExitStack()
            if not visit.facts.get("locks", {}).get(service):
                holder = Holder(os.getpid(), f"{agent.user} for {visit.peer}", "sync", agent.clock.now())
                lock = hold_lock(
                    agent.node.folders.lock, service, holder, wait=LOCK_WAIT, clock=agent.clock, cancel=call.cancel
                )
                stack.enter_context(lock)
            # Left first: the lock is let go when nothing writes here any more, however the session ends.
            stack.callback(await_transfers, agent.node.folders, service, agent.clock)
            visit.holds.push(stack)
            receiving[service] = Receiving(stack)
        receiving[service].rids.add(rid)


def let_go(visit: Visit, service: str, rid: str) -> None:
    """What the lock of a service was held for has ended."""
    with visit.guard:
        receiving: dict[str, Receiving] = visit.facts.get("receiving", {})
        if service in receiving:
            receiving[service].rids.discard(rid)
            if not receiving[service].rids:
                receiving.pop(service).lock.close()
