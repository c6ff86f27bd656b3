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
from opensvc_collector_client.queue import Queue
from opensvc_collector_client.registration import read_uuid
from opensvc_collector_client.settings import Places, Settings, read_settings
from opensvc_collector_client.state import State
from opensvc_collector_client.telling import Teller
from opensvc_collector_client.transport.collector import Collector
from opensvc_collector_client.transport.connection import HttpExchange
from opensvc_collector_client.transport.failures import CollectorError, Unresolved
from opensvc_core.api import Locked, OpenSVCError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opensvc_core.api import Agent

TOUCH: Final = 0.05
"""Seconds between two tries at the lock: an observer that only looks holds it for less."""
SHORT: Final = 1.0
"""Seconds that a sender nobody waits for tries to become the one."""


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
class Session:
    """What whoever holds the sender's lock works with.

    Attributes:
        agent: of this node.
        collector: to call.
        state: what is remembered; written when the session ends, and at ``keep_state``.
        queue: what is due.
        delivery: sends it.
        places: of the files.
    """

    agent: Agent
    collector: Collector
    state: State
    queue: Queue
    delivery: Delivery
    places: Places

    def keep_state(self) -> None:
        """Write down what is remembered. Raises OSError."""
        self.state.write(self.places.state)


@define
class Sender:
    """Sends what this node has to tell.

    Attributes:
        agent: of this node.
        settings: of the collector.
        places: of the files.
        chance: a number from 0 to 1.
    """

    agent: Agent
    settings: Settings
    places: Places
    chance: Callable[[], float] = random.random
    error: OpenSVCError | None = field(default=None, init=False)

    @classmethod
    def of(cls, agent: Agent) -> Sender:
        """That of a node. Raises ConfigError."""
        return cls(agent, read_settings(agent.node), Places.of(agent.node))

    def send(self, work: Callable[[Session], None] | None = None, *, is_forced: bool = False) -> Outcome:
        """Send until nothing is left.

        Who looks whether a sender is alive, and sees this one, leaves its work to it: so it looks once more after it
        has given up the lock.

        Args:
            work: to be done too, once everything that is due was sent.
            is_forced: whether a failure not long ago is no reason to wait.
        """
        outcome = Outcome.OFF if self.settings.address is None else Outcome.DONE
        while outcome is Outcome.DONE:
            with self._lock(SHORT) as is_held:
                if not is_held:
                    return Outcome.BUSY
                outcome = self._go(work, is_forced=is_forced)
            if outcome is Outcome.DONE and not self._is_anything_left():
                break
            work, is_forced = None, False
        return outcome

    @contextmanager
    def session(self, patience: float) -> Iterator[Session]:
        """Be the one sender for the time of the block; how calls go is remembered.

        Args:
            patience: seconds to wait for another sender.

        Raises:
            Locked: another is at it.
            CollectorError: there is no collector; what the block raises.
        """
        if self.settings.address is None:
            raise Unresolved("no collector is configured", hint="set url in [collector] of node.conf")
        with self._lock(patience) as is_held:
            if not is_held:
                raise Locked("another process is sending to the collector", hint="try again in a moment")
            state = State.read(self.places.state)
            session = self._open(state)
            try:
                yield session
            except (CollectorError, OSError) as error:
                self._remember_failure(state, error)
                raise
            else:
                self._remember_success(state)
            finally:
                session.collector.close()
                with suppress(OSError):
                    session.keep_state()

    def _go(self, work: Callable[[Session], None] | None, *, is_forced: bool) -> Outcome:
        clock, node = self.agent.clock, self.agent.node
        state = State.read(self.places.state)
        if not is_forced and state.pause.left(clock.now(), clock.monotonic(), node.boot_id) > 0:
            return Outcome.WAITS
        session = self._open(state)
        try:
            session.collector.methods()
            session.queue.open()
            session.queue.make_known()
            session.delivery.send_all()
            if work is not None:
                work(session)
        except (OpenSVCError, OSError) as error:
            self._remember_failure(state, error)
            return Outcome.FAILED
        else:
            self._remember_success(state)
            return Outcome.DONE
        finally:
            session.collector.close()
            # On a full disk nothing can be remembered: then the next try comes sooner than it should, and no more.
            with suppress(OSError):
                session.keep_state()

    def _open(self, state: State) -> Session:
        address, node = self.settings.address, self.agent.node
        if address is None:
            raise Unresolved("no collector is configured", hint="set url in [collector] of node.conf")
        uuid = read_uuid(self.places)
        caller = (uuid, node.name) if uuid else ()
        exchange = HttpExchange(address, self.settings.authorities)
        collector = Collector(exchange, self.agent.clock, self.settings.timeout, caller)
        queue = Queue(self.agent.feed, state)
        delivery = Delivery(
            queue,
            Teller(self.agent),
            collector,
            state,
            PoisonFile(self.places.poison),
            self.agent.clock,
            lambda: state.write(self.places.state),
            self.chance,
        )
        return Session(self.agent, collector, state, queue, delivery, self.places)

    def _remember_failure(self, state: State, error: OpenSVCError | OSError) -> None:
        told = error if isinstance(error, OpenSVCError) else OpenSVCError(str(error), code="os_error")
        clock = self.agent.clock
        self.error = told
        state.last_try = clock.now()
        state.error, state.error_code = told.message, told.code
        state.pause.fail(clock.now(), clock.monotonic(), self.agent.node.boot_id, self.chance)

    def _remember_success(self, state: State) -> None:
        self.error = None
        state.last_try = state.last_success = self.agent.clock.now()
        state.error = state.error_code = ""
        state.pause.end()

    def _is_anything_left(self) -> bool:
        state = State.read(self.places.state)
        queue = Queue(self.agent.feed, state)
        try:
            queue.open()
            return any(queue.due(state.blocked))
        except OpenSVCError:
            return False

    @contextmanager
    def _lock(self, patience: float) -> Iterator[bool]:
        """The lock, if it is to be had within some seconds; whether it is held."""
        clock = self.agent.clock
        until = clock.monotonic() + patience
        while True:
            with try_lock(self.places.lock) as is_held:
                if is_held or clock.monotonic() >= until:
                    yield is_held
                    return
            clock.wait(threading.Event(), TOUCH)
