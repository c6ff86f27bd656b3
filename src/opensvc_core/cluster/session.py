"""A session with a peer: requests go out, answers come in any order, silence and the end of it are noticed."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any

from attrs import Factory, define, field

from opensvc_core.cluster import wire
from opensvc_core.cluster.lines import BEAT, LONGEST, LONGEST_LIMIT, LOST, PROTOCOL, decode, encode
from opensvc_core.cluster.link import PeerError
from opensvc_core.errors import OpenSVCError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opensvc_core.clock import Cancel, Clock
    from opensvc_core.host.talk import Talk

Told = tuple[str, Any]
"""``answer``, ``error``, ``event`` or ``lost``, and what came with it."""
FAREWELL = 1.0
"""Seconds that a peer has to end the session by itself before its ssh is ended."""
ENDED = "the connection ended"
"""Why a session is over of which no more is known here."""


@define
class Session:
    """A Link over a child process that reads and writes lines; begin it with ``open``.

    Attributes:
        node: name of the peer.
        talk: the child.
        clock: source of time.
        lost_after: seconds of silence after which it is lost; the peer is told, and gives it up later.
        greeting: what the peer said first.
    """

    node: str
    talk: Talk
    clock: Clock
    lost_after: float = LOST
    greeting: dict[str, Any] = Factory(dict)
    _waiting: dict[int, queue.SimpleQueue[Told]] = Factory(dict)
    _next: int = 1
    _guard: threading.Lock = field(factory=threading.Lock, repr=False)
    _over: threading.Event = field(factory=threading.Event, repr=False)
    _greeted: threading.Event = field(factory=threading.Event, repr=False)
    _reason: str = ""
    _heard: float = 0.0
    _listeners: list[Callable[[], None]] = Factory(list)

    @property
    def is_open(self) -> bool:
        """Whether requests can still be made."""
        return self._greeted.is_set() and not self._over.is_set()

    @property
    def reason(self) -> str:
        """Why it is over; empty while it is not."""
        return self._reason

    def open(self, seconds: float) -> bool:
        """Wait for the peer's greeting. Whether it came; if not the child is still there, to say why.

        Raises:
            PeerError: it speaks another version, or it is another node.
        """
        self._heard = self.clock.monotonic()
        self.talk.begin(self._on_line, lambda: self._lose(ENDED), LONGEST)
        self.clock.wait(self._greeted, seconds)
        if self._over.is_set() or not self._greeted.is_set():
            return False
        try:
            self._check_greeting()
        except PeerError:
            self.abandon()
            raise
        self._give_sign_of_life()
        threading.Thread(target=self._watch, name=f"watch {self.node}", daemon=True).start()
        return True

    def _check_greeting(self) -> None:
        version, name = self.greeting.get("protocol"), self.greeting.get("node")
        if version != PROTOCOL:
            raise PeerError(
                f"{self.node} speaks version {version!r} of the protocol between nodes, this node version {PROTOCOL}",
                code="peer_version",
                hint=f"{self.node} has OpenSVC {self.greeting.get('version')}: install the same version on all nodes",
            )
        if name != self.node:
            raise PeerError(
                f"the address of {self.node} leads to a node that calls itself {str(name)[:80]}",
                code="peer_refused",
                hint=f"correct the address of {self.node} in etc/hosts, or its name there ($OSVC_NODE)",
            )

    def request(
        self,
        operation: str,
        data: Mapping[str, Any],
        *,
        timeout: float,
        cancel: Cancel | None = None,
        on_event: Callable[[str, Mapping[str, Any]], None] | None = None,
    ) -> dict[str, Any]:
        """See Link."""
        timeout = min(timeout, LONGEST_LIMIT)
        line_of = {"op": operation, "data": dict(data), "limit": timeout}
        told: queue.SimpleQueue[Told] = queue.SimpleQueue()
        with self._guard:
            if self._over.is_set():
                raise self._lost_error(operation, code="peer_unreachable")
            number, self._next = self._next, self._next + 1
            line = encode({"id": number, **line_of})
            if len(line) > LONGEST:
                raise PeerError(f"{self.node}: {operation}: more than a session carries at once", code="peer_refused")
            self._waiting[number] = told
            self.talk.send(line)
        if cancel is not None:
            cancel.subscribe(lambda: self._cancel(number, cancel.reason))
        until = self.clock.monotonic() + timeout
        try:
            while True:
                kind, what = self._next_told(told, until, operation, timeout)
                if kind == "event":
                    if on_event is not None:
                        on_event(*what)
                elif kind == "answer":
                    answer: dict[str, Any] = what
                    return answer
                elif kind == "error":
                    raise what
                else:
                    raise self._lost_error(operation)
        finally:
            with self._guard:
                self._waiting.pop(number, None)

    def _next_told(self, told: queue.SimpleQueue[Told], until: float, operation: str, timeout: float) -> Told:
        try:
            return told.get(timeout=max(0.0, until - self.clock.monotonic()))
        except queue.Empty:
            number = next((key for key, each in self._waiting.items() if each is told), 0)
            self._cancel(number, "nobody waits for it any more")
            raise PeerError(
                f"{self.node} did not answer within {timeout:.3g} s to: {operation}",
                code="peer_timeout",
                hint=f"look at {self.node}, and at its log/peer.log",
            ) from None

    def on_lost(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Have a listener called when the session is over, at once if it is. Gives what takes it off again."""
        with self._guard:
            self._listeners.append(listener)
            is_over = self._over.is_set()
        if is_over:
            listener()

        def forget() -> None:
            with self._guard:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return forget

    def close(self) -> None:
        """End the session: the peer lets go of what it holds for it."""
        with self._guard:
            self._listeners.clear()
        self._lose("it was closed here")
        self.talk.finish()
        if self.talk.wait(FAREWELL) is None:
            self.talk.end()

    def abandon(self) -> None:
        """End it without waiting for the peer."""
        self._lose("it was given up here")
        self.talk.end()

    # -- what comes in -------------------------------------------------------------------------------------------------

    def _on_line(self, line: bytes) -> None:
        self._heard = self.clock.monotonic()
        try:
            document = decode(line)
        except ValueError as error:
            # Before the greeting, profiles and banners of the login may have their say.
            if self._greeted.is_set() or len(line) > LONGEST:
                self._lose(f"the peer sent {error}")
                self.talk.end()
            return
        if not self._greeted.is_set():
            if document.get("osvc") == "peer":
                self.greeting = document
                self._greeted.set()
            return
        number = document.get("id")
        told = self._waiting.get(number) if isinstance(number, int) else None
        if told is not None:
            told.put(self._read(document))

    def _read(self, document: Mapping[str, Any]) -> Told:
        try:
            if "event" in document:
                kind, data = document["event"]
                return "event", (str(kind), dict(data))
            if "error" in document:
                return "error", wire.reading("an error", document["error"], lambda each: wire.error_in(each, self.node))
            return "answer", dict(document["answer"])
        except OpenSVCError as error:
            return "error", error
        except (KeyError, TypeError, ValueError) as error:
            text = f"{self.node} sent an answer that cannot be read: {type(error).__name__}: {error}"
            return "error", PeerError(text, code="peer_garbage", hint="do both nodes run the same version?")

    # -- how it ends ---------------------------------------------------------------------------------------------------

    def _cancel(self, number: int, reason: str) -> None:
        with self._guard:
            if number in self._waiting and not self._over.is_set():
                self.talk.send(encode({"id": number, "cancel": reason}))

    def _watch(self) -> None:
        """Give signs of life, and listen for the peer's."""
        received = 0
        while not self.clock.wait(self._over, min(BEAT, self.lost_after / 4)):
            if self.talk.received != received:
                received, self._heard = self.talk.received, self.clock.monotonic()
            if self.clock.monotonic() - self._heard > self.lost_after:
                self._lose(f"nothing was heard for {self.lost_after:.3g} s")
                self.talk.end()
                return
            self._give_sign_of_life()

    def _give_sign_of_life(self) -> None:
        self.talk.send(encode({"ping": 1, "silence": self.lost_after}))

    def _lose(self, reason: str) -> None:
        with self._guard:
            if self._over.is_set():
                return
            self._reason = reason
            self._over.set()
            listeners = list(self._listeners)
            waiting = list(self._waiting.values())
        self._greeted.set()
        for listener in listeners:
            listener()
        for told in waiting:
            told.put(("lost", None))

    def _lost_error(self, operation: str, code: str = "peer_lost") -> PeerError:
        if self._reason == ENDED:
            # The peer says why on its standard error, which may come a moment after the end of its answers.
            self.talk.wait(FAREWELL)
        last = (self.talk.said.strip().splitlines() or [""])[-1]
        said = f" ({last[:200]})" if last else ""
        what = "is over" if code == "peer_unreachable" else f"was lost during: {operation}"
        return PeerError(
            f"the session with {self.node} {what}: {self._reason}{said}",
            code=code,
            hint=f"look at {self.node}, then: osvc recover",
        )
