"""What this node does with a service's own files for a peer: shows its service file, takes newer files."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from opensvc_core.actions.find import service_file
from opensvc_core.actions.peering.replication import hold, let_go, read_generation, service_of_peer
from opensvc_core.actions.put_files import choose, put
from opensvc_core.actions.service_files import LARGEST_SUM, MOST_FILES, ServiceFile
from opensvc_core.actions.status import ask
from opensvc_core.cluster import wire
from opensvc_core.config.load import load_service
from opensvc_core.config.names import refuse_service_name
from opensvc_core.config.reading import SUFFIX
from opensvc_core.copies import not_verified_down, refuse_generation
from opensvc_core.errors import ActionError, ConfigError, ServiceNotFound
from opensvc_core.generation import (
    NEVER,
    Generation,
    config_file,
    digest_of,
    generation_out,
    keep_config,
    read_config,
)
from opensvc_core.model import Note, ResourceId
from opensvc_core.replication import Stamp, stamp_file, write_stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.peering.operations import Call, Visit
    from opensvc_core.model import Service

OWN_FILES = "sync#i0"


def config(visit: Visit, call: Call) -> Mapping[str, Any]:
    """The service file here, its digest and its generation.

    Raises:
        ServiceNotFound: there is none.
        ActionError: the peer is no node of the service.
    """
    agent, name = visit.agent, str(call.data["service"])
    path = service_file(agent.node, name)
    try:
        service_of_peer(visit, name)
    except ConfigError:
        # A file that is wrong is one that a peer wants to compare with; whose it is cannot be told, so it stays here.
        raise ActionError(
            f"the file of {name} on {agent.node.name} cannot be used", code="config", hint="mend it there first"
        ) from None
    text = path.read_bytes()
    generation = read_config(agent.node.folders, name, text, agent.node.name)
    return {
        "text": base64.b64encode(text).decode(),
        "digest": digest_of(text),
        "marks": generation_out(generation),
    }


def put_files(visit: Visit, call: Call) -> Mapping[str, Any]:
    """Take the files of a service from a peer: all checked before the first one is put.

    Raises:
        ActionError: one of them may not be put, or the service file here is newer; nothing was changed.
        Locked: a run is under way here.
    """
    agent, data = visit.agent, call.data
    name = str(data["service"])
    if refusal := refuse_service_name(name):
        raise ActionError(refusal, code="files_refused")
    documents = list(data["files"])
    if len(documents) > MOST_FILES:
        raise ActionError(f"{len(documents)} files are too many", code="files_refused")
    files = [ServiceFile.of(document) for document in documents]
    if sum(len(file.content) for file in files) > LARGEST_SUM:
        raise ActionError("the files are too large together", code="files_refused")
    text = _text_of(files, name)
    sent = read_generation(data)
    if sent.id != digest_of(text):
        raise ActionError("the generation is not that of the file that was sent", code="files_refused")
    try:
        service = _read(agent, name, text)
    except ConfigError as error:
        raise ActionError(
            f"the service file cannot be used on {agent.node.name}: {error.problems[0]}",
            code="config",
            hint=f"osvc config validate {name} --for {agent.node.name}",
        ) from error
    _refuse_stranger(visit, service, name)
    hold(visit, name, OWN_FILES, call)
    try:
        mine = _generation_here(agent, name)
        if refusal := refuse_generation(sent, mine, visit.peer, agent.node.name):
            raise ActionError(
                f"the file of {name}: {refusal}",
                code="config_newer",
                hint=f"osvc config diff {name} --node {agent.node.name} shows them; keep the better one, and on the "
                f"other node: osvc sync discard {name} --config",
            )
        graph = agent.graph(service)
        is_idle = not not_verified_down(graph, ask(agent, [graph]))
        notes: list[Note] = []
        chosen = choose(agent, service, files, notes, is_idle=is_idle, is_source=data["is_up"] is True)
        changed = put(agent, name, chosen, notes)
        keep_config(agent.node.folders, name, sent)
        path = stamp_file(agent.node.folders, agent.node.name, ResourceId(name, OWN_FILES))
        write_stamp(path, Stamp(agent.clock.now(), visit.peer, sent.number))
    except OSError as error:
        raise ActionError(
            f"{agent.node.name}: {error.strerror or error}: {error.filename or name}",
            code="files_unwritten",
            hint="each file is whole, old or new; mend the file system there and replicate again",
        ) from error
    finally:
        let_go(visit, name, OWN_FILES)
    return {"changed": changed, "notes": [wire.note_out(note) for note in notes]}


def _text_of(files: list[ServiceFile], name: str) -> bytes:
    for file in files:
        if (file.place, file.path, file.kind) == ("etc", f"{name}{SUFFIX}", "file"):
            return file.content
    raise ActionError(f"no service file {name}{SUFFIX} was sent", code="files_refused")


def _read(agent: Agent, name: str, text: bytes) -> Service:
    path = agent.node.folders.etc / f"{name}{SUFFIX}"
    decoded = text.decode("utf-8", "surrogateescape")
    return load_service(path, agent.node, agent.dispatcher.describe, text=decoded, name=name)


def _refuse_stranger(visit: Visit, service: Service, name: str) -> None:
    """The peer is a production node of the service: by the file that is here, and by the one that it sends."""
    here = visit.agent.node.name
    known = [service]
    with suppress(ServiceNotFound, ConfigError):
        known.append(visit.agent.load(name))
    for each in known:
        if visit.peer not in each.nodes or visit.peer in each.drpnodes:
            raise ActionError(f"{visit.peer} is no production node of {name}", code="not_a_peer")
    if here not in service.all_nodes:
        raise ActionError(f"{here} is no node of {name} by the file that was sent", code="not_a_peer")


def _generation_here(agent: Agent, name: str) -> Generation:
    try:
        text = service_file(agent.node, name).read_bytes()
    except ServiceNotFound:
        return NEVER
    if not config_file(agent.node.folders, name).exists():
        # Nothing was ever known of its edits: it gives way, and is kept.
        return NEVER
    return read_config(agent.node.folders, name, text, agent.node.name)
