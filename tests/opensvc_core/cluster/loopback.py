"""Peers in one process: every word goes through JSON to the operations of another agent, and no ssh is needed."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Mapping
from typing import Any

from attrs import Factory, define, field

from opensvc_core.actions.agent import Agent
from opensvc_core.actions.peering.operations import Call, Visit, find
from opensvc_core.clock import Cancel, Deadline
from opensvc_core.cluster.link import PeerError
from opensvc_core.cluster.wire import error_in, error_out
from opensvc_core.errors import OpenSVCError


def _through_json(document: Any) -> Any:
    return json.loads(json.dumps(document))


@define
class LoopbackLink:
    """A session with an agent of this process. `cut()` loses it as a cable would; `fail` makes operations fail."""

    agent: Agent
    origin: str
    is_open: bool = True
    fail: dict[str, OpenSVCError] = Factory(dict)
    asked: list[tuple[str, Mapping[str, Any]]] = Factory(list)
    _visit: Visit = field(init=False)
    _calls: list[Cancel] = Factory(list)

    def __attrs_post_init__(self) -> None:
        """Begin the visit."""
        self._visit = Visit(self.agent, self.origin)

    @property
    def node(self) -> str:
        return self.agent.node.name

    def request(
        self,
        operation: str,
        data: Mapping[str, Any],
        *,
        timeout: float,
        cancel: Cancel | None = None,
        on_event: Callable[[str, Mapping[str, Any]], None] | None = None,
    ) -> dict[str, Any]:
        if not self.is_open:
            raise PeerError(f"{self.node}: the session is over", code="peer_lost")
        self.asked.append((operation, data))
        if operation in self.fail:
            raise self.fail[operation]
        perform = find(operation)
        if perform is None:
            raise PeerError(f"{self.node}: does not know {operation!r}", code="peer_refused")
        answers: queue.SimpleQueue[Mapping[str, Any] | OpenSVCError | None] = queue.SimpleQueue()
        own = Cancel()
        self._calls.append(own)
        if cancel is not None:
            cancel.subscribe(lambda: own.set(cancel.reason))

        def emit(kind: str, event: Mapping[str, Any]) -> None:
            if on_event is not None and self.is_open:
                on_event(kind, _through_json(event))

        call = Call(_through_json(data), own, Deadline.after(timeout, self.agent.clock, operation), emit)

        def work() -> None:
            try:
                answers.put(perform(self._visit, call))
            except OpenSVCError as error:
                answers.put(error)

        own.subscribe(lambda: None if self.is_open else answers.put(None))
        threading.Thread(target=work, daemon=True).start()
        try:
            answer = answers.get(timeout=timeout + 5)
        except queue.Empty:
            raise PeerError(f"{self.node}: no answer to {operation}", code="peer_timeout") from None
        if answer is None:
            raise PeerError(f"{self.node}: the session was lost", code="peer_lost")
        if isinstance(answer, OpenSVCError):
            raise error_in(_through_json(error_out(answer)), self.node) from None
        return dict(_through_json(answer))

    def cut(self) -> None:
        """Lose the session: what runs there is cancelled, what is held there is let go."""
        self.is_open = False
        for each in self._calls:
            each.set("the session was lost")
        self._visit.holds.close()

    def close(self) -> None:
        if self.is_open:
            self.cut()
