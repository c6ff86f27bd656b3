"""The answering end of a session: reads requests, has operations done side by side, lets go of all at its end."""

from __future__ import annotations

import os
import queue
import selectors
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import Factory, define, field

from opensvc_core import __version__
from opensvc_core.actions.peering.operations import Call, Visit, find
from opensvc_core.clock import Cancel, Deadline
from opensvc_core.cluster import wire
from opensvc_core.cluster.lines import (
    BEAT,
    LONGEST,
    LONGEST_LIMIT,
    LONGEST_SILENCE,
    LOST,
    PROTOCOL,
    decode,
    encode,
    given_up_after,
)
from opensvc_core.cluster.withdrawn import is_withdrawn
from opensvc_core.errors import ActionError, OpenSVCError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.actions.agent import Agent

SIDE_BY_SIDE = 64
"""Requests that one session may have under way."""
WINDING_DOWN = 30.0
"""Seconds that what was cancelled at the end of a session has to end, before locks are let go all the same."""
LAST_WORDS = 2.0
"""Seconds to get rid of what is still to be said to a peer that may not listen any more."""
CHUNK = 65536

Record = Callable[..., None]
"""Writes an entry of the log: an event, and facts by name."""


@define
class Server:
    """One session of one peer.

    Attributes:
        visit: the session.
        source: descriptor that requests are read from.
        sink: descriptor that answers are written to.
        record: writes an entry of the log.
        ending: set when the session must end.
        given_up: seconds of silence after which the peer counts as gone; as the peer says, once it has.
        beat: seconds between two looks at whether the peer is still let in.
    """

    visit: Visit
    source: int
    sink: int
    record: Record
    ending: Cancel = Factory(Cancel)
    given_up: float = given_up_after(LOST)
    beat: float = BEAT
    _is_withdrawn: bool = False
    _calls: dict[int, Cancel] = Factory(dict)
    _threads: dict[int, threading.Thread] = Factory(dict)
    _guard: threading.Lock = field(factory=threading.Lock, repr=False)
    _outgoing: queue.SimpleQueue[bytes | None] = field(factory=queue.SimpleQueue, repr=False)

    def serve(self) -> str:
        """Answer until the peer goes; why the session ended."""
        writer = threading.Thread(target=self._write, name="write", daemon=True)
        writer.start()
        agent = self.visit.agent
        self._say({"osvc": "peer", "protocol": PROTOCOL, "version": __version__, "node": agent.node.name})
        try:
            reason = self._read_all()
        finally:
            self._let_go()
            self._outgoing.put(None)
            writer.join(LAST_WORDS)
        return reason

    def _read_all(self) -> str:
        awake, wake = os.pipe()
        self.ending.subscribe(lambda: _poke(wake))
        pending = bytearray()
        clock = self.visit.agent.clock
        beaten = heard = clock.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(self.source, selectors.EVENT_READ)
            selector.register(awake, selectors.EVENT_READ)
            while not self.ending.is_set:
                left = heard + self.given_up - clock.monotonic()
                ready = selector.select(max(0.0, min(self.beat, left)))
                if self._is_over_by_withdrawal():
                    return f"{self.visit.peer} is not let in any more"
                if not ready and clock.monotonic() - heard >= self.given_up:
                    return f"the peer gave no sign of life for {self.given_up:.3g} s"
                if all(key.fd == awake for key, _ in ready):
                    continue
                heard = clock.monotonic()
                data = os.read(self.source, CHUNK)
                if not data:
                    return "the peer ended it"
                if clock.monotonic() - beaten > BEAT:
                    # A long line on a slow way has the peer's own signs of life behind it.
                    beaten = clock.monotonic()
                    self._say({"pong": 1})
                begin = len(pending)
                pending += data
                while (end := pending.find(b"\n", begin)) >= 0:
                    line, begin = bytes(pending[: end + 1]), 0
                    del pending[: end + 1]
                    if len(line) > LONGEST:
                        return self._refuse_long_line()
                    self._take(line)
                if len(pending) > LONGEST:
                    return self._refuse_long_line()
        return self.ending.reason

    def _refuse_long_line(self) -> str:
        """Answer to a line that nobody who means well sends, with its end or without; why the session is over."""
        self._garbage(0, f"a line of more than {LONGEST} bytes")
        return "the peer sent a line that is too long"

    def _is_over_by_withdrawal(self) -> bool:
        """Whether trust in the peer was taken back and nothing of it is under way any more.

        A step that is under way is finished: half of one helps nobody. Nothing new is begun meanwhile.
        """
        if not self._is_withdrawn:
            self._is_withdrawn = is_withdrawn(self.visit.agent.node.folders, self.visit.peer)
        with self._guard:
            return self._is_withdrawn and not self._calls

    def _take(self, line: bytes) -> None:
        """Understand one line; whatever is in it, the session goes on."""
        try:
            document = decode(line)
        except ValueError as error:
            self._garbage(0, str(error))
            return
        if "ping" in document:
            silence = document.get("silence")
            if isinstance(silence, int | float) and silence > 0:
                self.given_up = given_up_after(min(silence, LONGEST_SILENCE))
            self._say({"pong": 1})
            return
        number = document.get("id")
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            self._garbage(0, "a request without a number")
        elif "cancel" in document:
            with self._guard:
                call = self._calls.get(number)
            if call is not None:
                call.set(f"{self.visit.peer}: {str(document['cancel'])[:200]}")
        else:
            self._begin(number, document)

    def _begin(self, number: int, document: Mapping[str, Any]) -> None:
        name, data, limit = document.get("op"), document.get("data"), document.get("limit")
        if not isinstance(name, str) or not isinstance(data, dict):
            self._garbage(number, "a request without operation or data")
            return
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 < limit <= LONGEST_LIMIT:
            self._garbage(number, "a request without a limit")
            return
        if self._is_withdrawn or is_withdrawn(self.visit.agent.node.folders, self.visit.peer):
            self._is_withdrawn = True
            text = f"{self.visit.agent.node.name} does not let {self.visit.peer} in any more"
            self.record("refused", operation=name[:80], outcome="peer_refused", text=text)
            self._say({"id": number, "error": wire.error_out(ActionError(text, code="peer_refused"))})
            return
        with self._guard:
            is_taken, is_full = number in self._calls, len(self._calls) >= SIDE_BY_SIDE
            if not is_taken and not is_full:
                self._calls[number] = Cancel()
        if is_taken or is_full:
            self._garbage(number, "a number that is in use" if is_taken else "more requests than a session may have")
            return
        worker = threading.Thread(
            target=self._perform, args=(number, name, data, float(limit)), name=f"{name[:40]} {number}", daemon=True
        )
        with self._guard:
            self._threads[number] = worker
        worker.start()

    def _perform(self, number: int, name: str, data: Mapping[str, Any], limit: float) -> None:
        clock = self.visit.agent.clock
        began = clock.monotonic()
        error, line = None, b""
        try:
            answer = self._answer(number, name, data, limit)
            line = encode({"id": number, "answer": answer})
            if len(line) > LONGEST:
                raise ActionError(f"the answer to {name} is larger than a session carries", code="peer_garbage")
        except OpenSVCError as raised:
            error = raised
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as raised:
            text = f"{name}: what came with it cannot be used: {type(raised).__name__}: {str(raised)[:200]}"
            error = ActionError(text, code="peer_garbage")
        except Exception as raised:  # noqa: BLE001 - a peer gets an error, never a session that dies
            error = ActionError(f"{name} failed: {type(raised).__name__}: {str(raised)[:500]}", code="error")
        finally:
            with self._guard:
                self._calls.pop(number, None)
                self._threads.pop(number, None)
        is_refused = error is not None and error.code in {"peer_refused", "not_a_peer", "peer_garbage"}
        about = {key: data[key] for key in ("service", "services", "rid", "action", "run", "path") if key in data}
        self.record(
            "refused" if is_refused else "operation",
            operation=name or "(none)",
            about=about,
            seconds=round(clock.monotonic() - began, 3),
            outcome="done" if error is None else error.code,
            text="" if error is None else error.message,
        )
        self._outgoing.put(line if error is None else encode({"id": number, "error": wire.error_out(error)}))

    def _answer(self, number: int, name: str, data: Mapping[str, Any], limit: float) -> Mapping[str, Any]:
        perform = find(name)
        if perform is None:
            raise ActionError(
                f"{self.visit.agent.node.name} knows no operation {name[:80]!r}",
                code="peer_refused",
                hint="do both nodes run the same version?",
            )

        def emit(kind: str, event: Mapping[str, Any]) -> None:
            self._say({"id": number, "event": [kind, dict(event)]})

        with self._guard:
            cancel = self._calls[number]
        deadline = Deadline.after(limit, self.visit.agent.clock, f"{name} for {self.visit.peer}")
        return perform(self.visit, Call(data, cancel, deadline, emit))

    def _garbage(self, number: int, what: str) -> None:
        self.record("refused", outcome="peer_garbage", text=what)
        self._say({"id": number, "error": wire.error_out(ActionError(f"not understood: {what}", code="peer_garbage"))})

    def _say(self, document: Mapping[str, Any]) -> None:
        self._outgoing.put(encode(document))

    def _write(self) -> None:
        # A peer that does not listen any more is noticed by who reads: by its silence, or its end.
        with suppress(OSError):
            while (data := self._outgoing.get()) is not None:
                while data:
                    data = data[os.write(self.sink, data) :]

    def _let_go(self) -> None:
        """Cancel what runs, wait for it, then let go of locks: nothing that is still being done is unguarded."""
        with self._guard:
            calls, threads = list(self._calls.values()), list(self._threads.values())
        for call in calls:
            call.set(f"the session of {self.visit.peer} is over")
        clock = self.visit.agent.clock
        deadline = Deadline.after(WINDING_DOWN, clock)
        for thread in threads:
            thread.join(deadline.remaining())
        self.visit.holds.close()


def _poke(descriptor: int) -> None:
    with suppress(OSError):
        os.write(descriptor, b".")


def serve_peer(agent: Agent, peer: str, record: Record, ending: Cancel, *, source: int = 0, sink: int = 1) -> str:
    """Serve one session.

    Args:
        agent: of this node.
        peer: name of the peer, by the key that it came with.
        record: writes an entry of the log.
        ending: set when the session must end.
        source: descriptor that requests are read from.
        sink: descriptor that answers are written to.

    Returns:
        Why it ended.
    """
    return Server(Visit(agent, peer), source, sink, record, ending).serve()
