"""Sending what is due, in order; a record that the collector does not take is told from a collector that is ill."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from attrs import define, field

from opensvc_collector_client.poison import Poison
from opensvc_collector_client.queue import BATCH
from opensvc_collector_client.state import Refusals
from opensvc_collector_client.transport.failures import Refused, Unreachable
from opensvc_core.api import ChangeKind, OpenSVCError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opensvc_collector_client.poison import PoisonFile
    from opensvc_collector_client.queue import Queue
    from opensvc_collector_client.records import Call
    from opensvc_collector_client.state import State
    from opensvc_collector_client.telling import Teller
    from opensvc_collector_client.transport.collector import Collector
    from opensvc_core.api import Change, Clock

PATIENCE: Final = 3
"""Refusals of a record after which others are tried in its place."""
OTHERS: Final = 10
"""Records that are tried then: if the collector takes one of them, it is not ill."""
LONELY: Final = 20
"""Refusals after which a record is set aside though no other was taken …"""
LONELY_FOR: Final = 86_400.0
"""… if the first of them was so many seconds ago."""
FIRST_WAIT: Final = 0.5
"""Seconds before a record that was refused is tried again; doubled each time."""
NEEDED: Final = {ChangeKind.BEGIN: "begin_action", ChangeKind.END: "end_action"}
"""Methods without which actions are kept for a collector that has them; what else it lacks is passed over."""


@define
class Delivery:
    """One go at sending everything that is due.

    Attributes:
        queue: what is due.
        teller: makes calls of it.
        collector: takes them.
        state: what is remembered.
        poison: where records are set aside.
        clock: source of time.
        keep_state: writes the state down.
        chance: a number from 0 to 1.
        taken: how many records the collector took.
    """

    queue: Queue
    teller: Teller
    collector: Collector
    state: State
    poison: PoisonFile
    clock: Clock
    keep_state: Callable[[], None]
    chance: Callable[[], float]
    taken: int = field(default=0, init=False)

    def send_all(self) -> None:
        """Send until nothing is due.

        Raises:
            CollectorError: it goes no further now.
            JournalError: the journal cannot be read or written.
            OSError: what is to be remembered cannot be written.
        """
        since = 0
        blocked = self.blocked()
        self.state.blocked[:] = sorted(blocked)
        try:
            for change in self.queue.due(blocked):
                self._send_or_set_aside(change)
                self.queue.pass_over(change)
                since += 1
                if since == BATCH:
                    self.queue.confirm()
                    since = 0
        finally:
            self.queue.confirm()

    def blocked(self) -> frozenset[str]:
        """Kinds that wait for a collector which has their methods. Raises Unreachable."""
        lacks = any(not self.collector.has(method) for method in NEEDED.values())
        return frozenset(kind.value for kind in NEEDED) if lacks else frozenset()

    def send_calls(self, calls: Sequence[Call]) -> None:
        """Send the calls of one record; those that the collector lacks are passed over, and counted.

        Raises:
            CollectorError: one was not taken; those before it were.
        """
        for call in calls:
            if self.collector.has(call.method):
                self.collector.send(call)
            else:
                self.state.missing[call.method] = self.state.missing.get(call.method, 0) + 1
        self.taken += 1

    def _send_or_set_aside(self, change: Change) -> None:
        try:
            calls = self.teller.calls_of(change)
        except OpenSVCError:
            raise
        except Exception as error:  # noqa: BLE001 - a record that cannot be told must not hold up the others
            self._set_aside(change, (), f"it cannot be told: {type(error).__name__}: {error}")
            return
        tries, is_last = 0, False
        while True:
            try:
                self.send_calls(calls)
            except Refused as error:
                tries += 1
                if is_last:
                    self._set_aside(change, tuple(calls), error.message)
                    return
                # A collector that was ill may be well by now: what is set aside was refused by one that is.
                is_last = self._is_poison(change, tries)
            else:
                if self.state.refusals.count:
                    self.state.refusals = Refusals()
                return

    def _is_poison(self, change: Change, tries: int) -> bool:
        """Whether a record that was refused once more is to be set aside; waits a moment if not.

        Args:
            change: the record.
            tries: how often it was refused in this go; a collector that was ill before says nothing of it now.

        Raises:
            Unreachable: the collector refuses others too, or there is none to try.
        """
        refusals, now = self.state.refusals, self.clock.now()
        if refusals.seq != change.seq or refusals.since > now:
            refusals = self.state.refusals = Refusals(
                change.seq, 0 if refusals.seq != change.seq else refusals.count, now
            )
        refusals.count += 1
        self.keep_state()
        if tries < PATIENCE:
            pause = FIRST_WAIT * 2.0 ** (tries - 1) * (0.5 + self.chance())
            self.clock.wait(threading.Event(), pause)
            return False
        if self._takes_another(change) or (refusals.count >= LONELY and now - refusals.since >= LONELY_FOR):
            return True
        text = f"the collector refuses the {change.kind} of {change.service}, and takes no other record either"
        raise Unreachable(text, hint="`osvc collector test` tells more")

    def _takes_another(self, change: Change) -> bool:
        """Whether the collector takes one of the records after this one, which then has been sent."""
        tried = 0
        for other in self.queue.due(self.blocked(), after=change.seq):
            if tried == OTHERS:
                return False
            tried += 1
            try:
                self.send_calls(self.teller.calls_of(other))
            except Refused:
                continue
            except OpenSVCError:
                raise
            except Exception:  # noqa: BLE001, S112 - its own turn will tell what is wrong with it
                continue
            self.state.ahead.setdefault(other.kind, []).append(other.seq)
            self.keep_state()
            return True
        return False

    def _set_aside(self, change: Change, calls: tuple[Call, ...], reason: str) -> None:
        record = Poison(change.kind, change.service, change.run_id, change.seq, self.clock.now(), reason, calls)
        self.state.dropped_poison += self.poison.add(record)
        self.state.refusals = Refusals()
        self.keep_state()
