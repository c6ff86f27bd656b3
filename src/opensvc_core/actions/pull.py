"""One pull: the copy of a disaster-recovery node replaces the one here, source by source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from opensvc_core.actions.destination import refuse_unmounted
from opensvc_core.actions.transfers import AGREE_LIMIT, end_transfer, transfer_to
from opensvc_core.copies import refuse_generation
from opensvc_core.errors import ActionError
from opensvc_core.generation import (
    end_receiving,
    generation_in,
    generation_out,
    raise_data,
    read_data,
)
from opensvc_core.model import Outcome
from opensvc_core.replication import Stamp, stamp_file, write_stamp

if TYPE_CHECKING:
    from opensvc_core.actions.agent import Agent
    from opensvc_core.context import Context
    from opensvc_core.generation import Generation
    from opensvc_core.model import Resource
    from opensvc_core.replication import Copy

WILD = frozenset("*?[")


def pull_copy(agent: Agent, resource: Resource, source: str, run_id: str, context: Context) -> Outcome:
    """Bring the data of one replication back; the last one of its service begins a generation of this node.

    Args:
        agent: of the production node.
        resource: the replication.
        source: the disaster-recovery node.
        run_id: of the run.
        context: of the step.

    Raises:
        ActionError: it is refused there or here, or failed: what has come is kept, and known as incomplete.
    """
    name, folders = resource.id.service, agent.node.folders
    copy = agent.dispatcher.describe_copy(resource, context)
    for path in copy.sources:
        if WILD & set(path):
            raise ActionError(
                f"{resource.id}: which files {path} means on {source} cannot be told",
                code="sync_source",
                hint="write `src` without globs to take its data back",
            )
        refuse_unmounted(agent.node, context.service_of(resource), path.rstrip("/"), "")
    mine = read_data(folders, name)
    link = agent.peers.link(source)
    texts = []
    sent: Generation | None = None
    for number in range(len(copy.sources)):
        about = {
            "service": name,
            "rid": resource.rid,
            "is_pull": True,
            "source": number,
            "marks": generation_out(mine.generation),
        }
        answer = link.request("receive", about, timeout=AGREE_LIMIT, cancel=context.cancel)
        is_good = False
        try:
            sent = _generation_of(answer, source)
            if refusal := refuse_generation(sent, mine.generation, source, agent.node.name):
                raise ActionError(refusal, code="copy_newer", hint=f"osvc sync discard {name} gives up the copy here")
            texts.append(_pull(agent, resource, copy, number, source, answer, context))
            is_good = True
        finally:
            end_transfer(link, {**about, "is_good": is_good}, is_good=is_good)
    if sent is None:
        return Outcome.unchanged("it has no sources")
    left = end_receiving(folders, name, resource.rid, sent)
    write_stamp(stamp_file(folders, agent.node.name, resource.id), Stamp(agent.clock.now(), source, sent.number))
    if not left.incomplete:
        raise_data(folders, name, node=agent.node.name, mark_id=run_id)
    return Outcome.changed("; ".join(text for text in texts if text))


def _generation_of(answer: dict[str, object], node: str) -> Generation:
    try:
        return generation_in(answer["marks"])
    except (KeyError, TypeError, ValueError) as error:
        raise ActionError(f"{node} told a generation that is none: {error}", code="peer_garbage") from error


def _pull(
    agent: Agent, resource: Resource, copy: Copy, number: int, node: str, answer: dict[str, object], context: Context
) -> str:
    path = copy.sources[number]
    ground = path if path.endswith("/") else path.rpartition("/")[0] + "/"
    transfer = evolve(
        transfer_to(agent, node, answer, resource), is_pull=True, destination=ground, sources=(str(answer["path"]),)
    )
    return agent.dispatcher.replicate(resource, transfer, context).text
