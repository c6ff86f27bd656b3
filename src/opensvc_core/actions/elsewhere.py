"""The other nodes of one run, as the node that drives it sees them: their checks, their steps, their journals."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field, frozen

from opensvc_core.actions.histories import know_copies, told_out
from opensvc_core.actions.perform import WORDS
from opensvc_core.cluster import wire
from opensvc_core.cluster.link import PeerError
from opensvc_core.errors import OpenSVCError
from opensvc_core.events import Event, EventKind
from opensvc_core.fanout import side_by_side
from opensvc_core.model import Note, Outcome, ResourceId, Status, StatusReport, Veto

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.histories import Told
    from opensvc_core.attempt import Attempt
    from opensvc_core.cluster.link import Link
    from opensvc_core.model import Evidence
    from opensvc_core.plan import Plan, Step
    from opensvc_core.run import Run

MARGIN = 15.0
"""Seconds that a peer has for its checks beyond the limits of what they ask, so that these strike first."""


@frozen
class Found:
    """What another node found before the first step.

    Attributes:
        vetoes: what forbids the steps that are to be done there.
        notes: what an operator should know, each naming the node.
        reports: of every resource of the services, asked there now.
        unsettled: resources whose start was cut there and may still take effect.
        reserving: services all of whose disks that node will reserve in this run.
        previews: of a dry run, by step id: as ``actions.peering.runs`` makes them.
    """

    vetoes: tuple[Veto, ...]
    notes: tuple[Note, ...]
    reports: Mapping[ResourceId, StatusReport]
    unsettled: frozenset[ResourceId]
    reserving: frozenset[str]
    previews: Mapping[str, Any]


@define
class Elsewhere:
    """The other nodes of one run.

    Attributes:
        agent: of this node.
        plan: of the run.
        run_id: of the run, the same in every journal.
        on_event: told what happens there.
    """

    agent: Agent
    plan: Plan
    run_id: str
    on_event: Callable[[Event], None]
    found: dict[str, Found] = field(factory=dict)
    _begun: list[str] = field(factory=list)

    def check(
        self,
        evidence: Mapping[str, Mapping[str, Sequence[Evidence]]],
        permits: frozenset[str] = frozenset(),
        copies: Told | None = None,
        *,
        wait: float = 0.0,
        is_dry: bool = False,
    ) -> None:
        """Have every other node look at what is to be done there, side by side; ``found`` tells what they say.

        Args:
            evidence: by node, by service: what is known of the others.
            permits: codes of vetoes that are lifted.
            copies: what is known of the generations of data.
            wait: seconds to wait for what a cut run left running there.
            is_dry: only to show it: nothing is put right, and the commands are told.

        Raises:
            PeerError: one of them cannot be asked.
            OpenSVCError: what one of them says: frozen, locked, no such service, a broken journal.
        """
        for node, answer in side_by_side(
            self.plan.other_nodes,
            lambda each: self._check(each, evidence.get(each, {}), permits, copies or {}, wait, is_dry=is_dry),
        ):
            if isinstance(answer, Exception):
                raise answer
            self.found[node] = answer

    def _check(
        self,
        node: str,
        evidence: Mapping[str, Sequence[Evidence]],
        permits: frozenset[str],
        copies: Told,
        wait: float,
        *,
        is_dry: bool,
    ) -> Found:
        steps = [step for step in self.plan.steps if step.node == node]
        names = [service.name for service in self.plan.services if (node, service.name) in self.plan.elsewhere]
        answer = self.agent.peers.link(node).request(
            "check",
            {
                "run": self.run_id,
                "action": self.plan.action,
                "services": names,
                "steps": [[step.id, step.action, step.resource.id.service, step.resource.rid] for step in steps],
                "evidence": {name: [wire.evidence_out(each) for each in known] for name, known in evidence.items()},
                "permits": sorted(permits),
                "copies": told_out(copies),
                "wait": wait,
                "is_dry": is_dry,
            },
            timeout=self.agent.limits.status + self.agent.limits.checks + wait + MARGIN,
        )
        return wire.reading(f"what {node} found", answer, lambda document: _found(document, node))

    def begin(self, about: Mapping[str, Any], copies: Told | None = None) -> Iterator[Note]:
        """Have every other node write the run down; notes of those that cannot, and need not for what is to be done.

        Raises:
            PeerError: one of them is gone.
            JournalError: one of them cannot, and something could be started there.
        """
        for node in self.plan.other_nodes:
            answer = self.agent.peers.link(node).request(
                "begin",
                {
                    "run": self.run_id,
                    "user": self.agent.user,
                    "argv": list(self.agent.argv),
                    "about": json.dumps(about),
                    "copies": told_out(copies or {}),
                },
                timeout=MARGIN,
            )
            self._begun.append(node)
            notes = wire.reading(f"how {node} began", answer, lambda it: [wire.note_in(n) for n in it.get("notes", ())])
            yield from (evolve(note, text=f"{node}: {note.text}") for note in notes)

    def perform(self, attempt: Attempt) -> Outcome:
        """Have a step done on its node. Raises what its driver raises there, and PeerError."""
        step = attempt.step
        link = self._open_link(step.node)

        def on_event(kind: str, data: Mapping[str, Any]) -> None:
            # What a peer says on the way is for people: what cannot be read is left out.
            with suppress(KeyError, TypeError, ValueError, AttributeError):
                if kind == "note":
                    attempt.on_note(wire.note_in(data["note"]))
                elif kind == "event":
                    self.on_event(self._event(step, data))

        try:
            answer = link.request(
                "step",
                {
                    "run": self.run_id,
                    "action": step.action,
                    "service": step.resource.id.service,
                    "rid": step.resource.rid,
                    "is_way_back": attempt.is_way_back,
                    "copies": self._copies(attempt),
                    "start_was_lost": attempt.start_was_lost,
                },
                timeout=max(1.0, attempt.deadline.remaining() - WORDS),
                cancel=attempt.cancel,
                on_event=on_event,
            )
        except PeerError as error:
            if error.code not in {"peer_unreachable", "peer_refused"}:
                attempt.lost_changes.append(f"{step.id}: {error.message}")
            raise
        result = wire.reading(f"how {step.id} ended", answer, lambda document: _result(document, step.node))
        attempt.lost_changes.extend(result[1])
        if isinstance(result[0], OpenSVCError):
            raise result[0]
        return result[0]

    def _copies(self, attempt: Attempt) -> dict[str, Any]:
        """Where a service starts again: what nodes have of its data."""
        step = attempt.step
        if not attempt.is_way_back or step.action != "start":
            return {}
        service = next(each for each in self.plan.services if each.name == step.resource.id.service)
        return told_out({service.name: know_copies(self.agent, service)})

    def verify(self, step: Step) -> Status:
        """Ask a step's node for the state of its resource, now. Raises PeerError."""
        data = {"run": self.run_id, "service": step.resource.id.service, "rid": step.resource.rid}
        limit = self.agent.limits.status + MARGIN
        answer = self._open_link(step.node).request("verify", data, timeout=limit)
        return wire.reading(f"the state of {step.resource.id}", answer, lambda document: Status(document["status"]))

    def end(self, run: Run) -> Iterator[Note]:
        """Tell every other node how the run ended; a note for each that could not be told."""
        outcomes = {name: outcome.value for name, outcome in run.outcomes.items()}
        yield from self._end(outcomes)

    def abort(self) -> None:
        """Nothing was begun after all: say so wherever the run was written down."""
        list(self._end({service.name: "failed" for service in self.plan.services}))

    def _end(self, outcomes: Mapping[str, str]) -> Iterator[Note]:
        while self._begun:
            node = self._begun.pop()
            try:
                self._open_link(node).request("end", {"run": self.run_id, "outcomes": dict(outcomes)}, timeout=MARGIN)
            except OpenSVCError as error:
                yield Note(f"{node} was not told how the run ended: {error.message}", "peer_untold")

    def _open_link(self, node: str) -> Link:
        """The session that the run began with: a later one would know nothing of it."""
        link = self.agent.peers.link(node)
        if not link.is_open:
            raise PeerError(
                f"{node}: the session is over, nothing more is done there",
                code="peer_unreachable",
                hint=f"look at {node}, then: osvc recover",
            )
        return link

    def _event(self, step: Step, data: Mapping[str, Any]) -> Event:
        kind, about = EventKind(data["kind"]), dict(data["data"])
        resource = step.resource
        return Event(kind, self.agent.clock.now(), self.run_id, resource.id.service, resource.rid, step.id, "", about)


def _found(document: Any, node: str) -> Found:
    notes = (wire.note_in(each) for each in document["notes"])
    return Found(
        tuple(wire.veto_in(each) for each in document["vetoes"]),
        tuple(Note(f"{node}: {note.text}", note.code, note.severity) for note in notes),
        wire.reports_in(document["reports"]),
        frozenset(ResourceId(str(service), str(rid)) for service, rid in document["unsettled"]),
        frozenset(str(name) for name in document["reserving"]),
        {str(name): preview for name, preview in document["previews"].items()},
    )


def _result(document: Any, node: str) -> tuple[Outcome | OpenSVCError, tuple[str, ...]]:
    """What a step gave or raised on another node, and its changes that may still come."""
    lost = tuple(str(each) for each in document["lost_changes"])
    if document["error"] is not None:
        return wire.error_in(document["error"], node), lost
    return wire.outcome_in(document["outcome"]), lost
