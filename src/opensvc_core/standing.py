"""How a service stands on one node, as that node says it, and as another keeps it for display. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from opensvc_core.model import NodeState, Note, Severity, Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from opensvc_core.lock import Holder
    from opensvc_core.model import Service
    from opensvc_core.status import ServiceStatus

LONGEST_TEXT = 400
"""Characters of a note that another node is told; the rest is to be read there."""
LIVE = frozenset({"migrate", "recover"})
"""Runs in which a service is on two nodes for a while, as its guest goes from the one to the other."""
MOST_NOTES = 3
"""Notes of one resource that another node is told."""


@frozen
class Standing:
    """What a node says of one service.

    Attributes:
        avail: aggregate, as in ``osvc status`` there.
        overall: likewise.
        state: what its parts that have a state of their own mean: up if any is, down only if all are.
        is_frozen: whether it refuses actions there.
        is_node_frozen: whether it does so because that whole node is frozen.
        is_drained: whether nothing new starts on that node.
        digest: of its service file there; empty if unknown.
        generation: how often that file was edited, as far as that node knows.
        notes: on the service as a whole.
        resources: by rid, state and notes of each that was asked for.
        at: seconds since the epoch, by the clock of whoever asked.
        problem: why there is no state, empty if there is one.
    """

    avail: Status = Status.UNDEF
    overall: Status = Status.UNDEF
    state: NodeState = NodeState.UNKNOWN
    is_frozen: bool = False
    digest: str = ""
    generation: int = 0
    notes: tuple[Note, ...] = ()
    resources: Mapping[str, tuple[Status, tuple[Note, ...]]] = field(factory=dict, hash=False)
    at: float = 0.0
    problem: str = ""
    is_node_frozen: bool = False
    is_drained: bool = False


@frozen
class NodeWord:
    """What is known of another node: its own answer, or the last one that was kept.

    Attributes:
        node: its name.
        is_current: whether it answered now.
        host_mode: its word, empty if it has none or did not say.
        problem: why it did not answer, empty if it did.
        code: of that error.
        hint: what to do about it.
        at: when its newest answer came, in seconds since the epoch by this node's clock; 0 for never.
        services: by name.
    """

    node: str
    is_current: bool = False
    host_mode: str = ""
    problem: str = ""
    code: str = ""
    hint: str = ""
    at: float = 0.0
    services: Mapping[str, Standing] = field(factory=dict, hash=False)


# -- as JSON ----------------------------------------------------------------------------------------------------------


def standing_out(standing: Standing) -> dict[str, Any]:
    """As JSON, for peers and for the file that keeps it."""
    return {
        "avail": standing.avail.value,
        "overall": standing.overall.value,
        "state": standing.state.value,
        "frozen": standing.is_frozen,
        "node_frozen": standing.is_node_frozen,
        "drained": standing.is_drained,
        "digest": standing.digest,
        "generation": standing.generation,
        "notes": _notes_out(standing.notes),
        "resources": {rid: [status.value, _notes_out(notes)] for rid, (status, notes) in standing.resources.items()},
        "at": standing.at,
        "problem": standing.problem[:LONGEST_TEXT],
    }


def standing_in(document: Any, at: float | None = None) -> Standing:
    """From JSON of a peer, or of a file.

    Args:
        document: as ``standing_out`` makes it.
        at: when it came, ``None`` for what it says itself.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: it is none.
    """
    return Standing(
        avail=Status(document["avail"]),
        overall=Status(document["overall"]),
        state=NodeState(document["state"]),
        is_frozen=document["frozen"] is True,
        digest=str(document["digest"]),
        generation=int(document["generation"]),
        notes=_notes_in(document["notes"]),
        resources={
            str(rid): (Status(status), _notes_in(notes)) for rid, (status, notes) in document["resources"].items()
        },
        at=float(document["at"]) if at is None else at,
        problem=str(document["problem"])[:LONGEST_TEXT],
        is_node_frozen=document.get("node_frozen") is True,
        is_drained=document.get("drained") is True,
    )


def _notes_out(notes: Iterable[Note]) -> list[list[str]]:
    return [[note.text[:LONGEST_TEXT], note.code, note.severity.value] for note in tuple(notes)[:MOST_NOTES]]


def _notes_in(document: Any) -> tuple[Note, ...]:
    return tuple(Note(str(text)[:LONGEST_TEXT], str(code), Severity(word)) for text, code, word in document)


# -- what it means ----------------------------------------------------------------------------------------------------


def of_status(
    status: ServiceStatus, *, state: NodeState, digest: str, generation: int, has_resources: bool
) -> Standing:
    """What this node says of a service whose status was asked for."""
    resources = {item.resource.rid: (item.shown, item.report.notes) for item in status.resources}
    return Standing(
        avail=status.avail,
        overall=status.overall,
        state=state,
        is_frozen=status.is_frozen,
        digest=digest,
        generation=generation,
        notes=status.notes,
        resources=resources if has_resources else {},
        is_node_frozen=status.is_node_frozen,
        is_drained=status.is_drained,
    )


def judge(
    service: Service, here: str, mine: Standing, words: Mapping[str, NodeWord], holder: Callable[[], Holder | None]
) -> tuple[Note, ...]:
    """What is to be said of a service of which several nodes speak; only what they said now counts.

    Args:
        service: as this node reads it.
        here: name of this node.
        mine: what this node says.
        words: of the other nodes, by name.
        holder: tells whose run is under way on the service, if anybody's; asked only where that matters.
    """
    told = {here: mine}
    for node in service.all_nodes:
        word = words.get(node)
        if word is not None and word.is_current and service.name in word.services:
            told[node] = word.services[service.name]
    up = [node for node in service.all_nodes if node in told and told[node].state is NodeState.UP]
    notes = []
    if len(up) > 1:
        where = f"up on {' and '.join(up)} at the same time"
        if (run := holder()) is not None and run.action in LIVE:
            # To stop it on one of them now would be the accident.
            text = f"{where}, as its guest is on its way: {run}; look again when that has ended"
            notes.append(Note(text, "under_way", Severity.WARNING))
        else:
            text = f"{where}: find out which one is right, and stop the other there, now"
            notes.append(Note(text, "up_twice", Severity.ERROR))
    production = {node.lower() for node in service.nodes}
    for node in up:
        if node.lower() not in production:
            text = f"runs on {node}, a disaster-recovery node: its data are newer there; `osvc failback` brings it back"
            notes.append(Note(text, "up_on_drp", Severity.WARNING))
    for node, standing in told.items():
        if node != here and standing.digest and mine.digest and standing.digest != mine.digest:
            text = f"its file on {node} differs: `osvc config diff {service.name} --node {node}` shows how"
            notes.append(Note(text, "config_drift", Severity.WARNING))
        elif standing.problem and node != here:
            notes.append(Note(f"{node}: {standing.problem}", "elsewhere_broken", Severity.WARNING))
    return tuple(notes)


def kept(old: NodeWord, new: NodeWord) -> NodeWord:
    """What is remembered of a node after an answer: the new, and of what was not asked for now the old."""
    return evolve(new, services={**old.services, **new.services})
