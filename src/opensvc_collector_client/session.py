"""What whoever holds the sender's lock works with: the collector, what is due, and what is to be remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from opensvc_core.api import OpenSVCError

if TYPE_CHECKING:
    from collections.abc import Callable

    from opensvc_collector_client.delivery import Delivery
    from opensvc_collector_client.queue import Queue
    from opensvc_collector_client.settings import Places
    from opensvc_collector_client.state import State
    from opensvc_collector_client.telling import Teller
    from opensvc_collector_client.transport.collector import Collector
    from opensvc_core.api import Agent


@define
class Session:
    """A time of being the one sender.

    Attributes:
        agent: of this node.
        collector: to call.
        state: what is remembered.
        queue: what is due.
        teller: makes calls of changes and statuses.
        places: of the files.
        chance: a number from 0 to 1.
        delivery: sends what is due.
    """

    agent: Agent
    collector: Collector
    state: State
    queue: Queue
    teller: Teller
    places: Places
    chance: Callable[[], float]
    delivery: Delivery = field(init=False)

    def drain(self) -> None:
        """Send everything that is due. From the first time on, the journal keeps for us what was not sent.

        Raises:
            CollectorError, JournalError, OSError: it goes no further now.
        """
        self.collector.methods()
        self.queue.open()
        self.queue.make_known()
        self.delivery.send_all()

    def pause_left(self) -> float:
        """Seconds for which the collector is to be left alone."""
        clock = self.agent.clock
        return self.state.pause.left(clock.now(), clock.monotonic(), self.agent.node.boot_id)

    def keep_state(self) -> None:
        """Write down what is remembered. Raises OSError."""
        self.state.write(self.places.state)

    def remember_failure(self, error: OpenSVCError | OSError) -> None:
        """It did not work: leave the collector alone for a while."""
        clock = self.agent.clock
        self.state.last_try = clock.now()
        self.state.error = error.message if isinstance(error, OpenSVCError) else str(error)
        self.state.error_code = error.code if isinstance(error, OpenSVCError) else "os_error"
        self.state.pause.fail(clock.now(), clock.monotonic(), self.agent.node.boot_id, self.chance)

    def remember_success(self) -> None:
        """It works."""
        self.state.last_try = self.state.last_success = self.agent.clock.now()
        self.state.error = self.state.error_code = ""
        self.state.pause.end()
