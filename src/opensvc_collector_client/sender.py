"""The one sender of a node: holds the lock, backs off, and goes on until nothing is left to be sent."""

from __future__ import annotations

import random
import threading
from contextlib import contextmanager, suppress
from enum import Enum
from typing import TYPE_CHECKING, Final

from attrs import define, field

from opensvc_collector_client.delivery import Delivery
from opensvc_collector_client.poison import PoisonFile
from opensvc_collector_client.private_files import try_lock
from opensvc_collector_client.pushes import push_changed
from opensvc_collector_client.queue import Queue
from opensvc_collector_client.registration import read_uuid
from opensvc_collector_client.session import Session
from opensvc_collector_client.settings import Places, Settings, read_settings
from opensvc_collector_client.state import State
from opensvc_collector_client.telling import Teller
from opensvc_collector_client.transport.collector import Collector
from opensvc_collector_client.transport.connection import HttpExchange
from opensvc_collector_client.transport.failures import Unresolved
from opensvc_core.api import Locked, OpenSVCError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opensvc_collector_client.private_files import Lock
    from opensvc_core.api import Agent

TOUCH: Final = 0.05
"""Seconds between two tries at the lock."""
SHORT: Final = 1.0
"""Seconds that a sender nobody waits for tries to become the one: an observer that starts another holds it for less."""


class Outcome(Enum):
    """How a go at sending ended."""

    DONE = "done"
    """Nothing is left."""
    FAILED = "failed"
    """The collector could not be reached, or took no more."""
    WAITS = "waits"
    """It failed not long ago, and is left alone for a while."""
    BUSY = "busy"
    """Another sender is at it."""
    OFF = "off"
    """There is no collector."""


@define
class Sender:
    """Sends what this node has to tell.

    Attributes:
        agent: of this node.
        settings: of the collector.
        places: of the files.
        chance: a number from 0 to 1.
        error: why it failed, if it did.
        taken: how many records the collector took.
    """

    agent: Agent
    settings: Settings
    places: Places
    chance: Callable[[], float] = random.random
    error: OpenSVCError | OSError | None = field(default=None, init=False)
    taken: int = field(default=0, init=False)

    @classmethod
    def of(cls, agent: Agent) -> Sender:
        """That of a node. Raises ConfigError."""
        return cls(agent, read_settings(agent.node), Places.of(agent.node))

    def send(self, *, is_forced: bool = False, patience: float = SHORT, lock: Lock | None = None) -> Outcome:
        """Send until nothing is left.

        Who finds the lock held by this one leaves its work to it: so it looks once more after it has given it up.

        Args:
            is_forced: whether a failure not long ago is no reason to wait.
            patience: seconds to wait for another sender.
            lock: of the sender, where it is held already.
        """
        if self.settings.address is None:
            if lock is not None:
                lock.release()
            return Outcome.OFF
        outcome = Outcome.DONE
        while outcome is Outcome.DONE:
            held, lock = lock or self._lock(patience), None
            if held is None:
                return Outcome.BUSY
            try:
                outcome = self._go(is_forced=is_forced)
            finally:
                held.release()
            if outcome is not Outcome.DONE or not self._is_anything_left():
                break
            is_forced = False
        return outcome

    @contextmanager
    def session(self, patience: float) -> Iterator[Session]:
        """Be the one sender for the time of the block.

        Args:
            patience: seconds to wait for another sender.

        Raises:
            Locked: another is at it.
            Unresolved: there is no collector.
            OSError: the lock cannot be made.
        """
        lock = self._lock(patience)
        if lock is None:
            raise Locked("another process is sending to the collector", hint="try again in a moment")
        try:
            with self._open() as session:
                yield session
        finally:
            lock.release()

    def _go(self, *, is_forced: bool) -> Outcome:
        with self._open() as session:
            if not is_forced and session.pause_left() > 0:
                return Outcome.WAITS
            try:
                session.drain()
                push_changed(session)
            except (OpenSVCError, OSError) as error:
                self.error = error
                session.remember_failure(error)
                return Outcome.FAILED
            else:
                session.remember_success()
                return Outcome.DONE
            finally:
                self.taken += session.delivery.taken

    @contextmanager
    def _open(self) -> Iterator[Session]:
        """A session; what is to be remembered of it is written down in the end."""
        agent, address = self.agent, self.settings.address
        if address is None:
            raise Unresolved("no collector is configured", hint="set url in [collector] of node.conf")
        state = State.read(self.places.state)
        uuid = read_uuid(self.places)
        collector = Collector(
            HttpExchange(address, self.settings.authorities),
            agent.clock,
            self.settings.timeout,
            (uuid, agent.node.name) if uuid else (),
        )
        queue, teller = Queue(agent.feed, state), Teller(agent)
        session = Session(agent, collector, state, queue, teller, self.places, self.chance)
        session.delivery = Delivery(
            queue,
            teller,
            collector,
            state,
            PoisonFile(self.places.poison),
            agent.clock,
            session.keep_state,
            self.chance,
        )
        try:
            yield session
        finally:
            collector.close()
            # On a full disk nothing can be remembered: then the next try comes sooner than it should, and no more.
            with suppress(OSError):
                session.keep_state()

    def _is_anything_left(self) -> bool:
        state = State.read(self.places.state)
        queue = Queue(self.agent.feed, state)
        try:
            queue.open()
            return any(True for _ in queue.due(state.blocked))
        except OpenSVCError:
            return False

    def _lock(self, patience: float) -> Lock | None:
        """The lock, if it is to be had within some seconds. Raises OSError."""
        clock = self.agent.clock
        until = clock.monotonic() + patience
        while (lock := try_lock(self.places.lock)) is None and clock.monotonic() < until:
            clock.wait(threading.Event(), TOUCH)
        return lock
