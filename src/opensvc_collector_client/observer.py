"""The observer: a run began or ended, so a sender is started, if there is a collector and none is at it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from attrs import define, field

from opensvc_collector_client.private_files import is_locked
from opensvc_collector_client.settings import Places, read_settings
from opensvc_collector_client.state import State
from opensvc_core.api import EventKind

if TYPE_CHECKING:
    from opensvc_core.api import Agent, Event

KICKS: Final = frozenset({EventKind.RUN_BEGIN, EventKind.RUN_END})


@define
class CollectorObserver:
    """Starts senders. It sends nothing itself, looks up no name, and waits for nobody.

    What is to be sent stands in the journal: where no sender can be started, the next one sends it.

    Attributes:
        agent: of this node.
    """

    agent: Agent
    _started: list[subprocess.Popen[bytes]] = field(factory=list, init=False, repr=False)

    def observe(self, event: Event) -> None:
        """See an event."""
        if event.kind in KICKS and self.is_due():
            self._started = [each for each in self._started if each.poll() is None]
            self._started.append(start_sender(self.agent))

    def is_due(self) -> bool:
        """Whether a sender is to be started: there is a collector, it did not fail just now, nobody is sending."""
        node, clock = self.agent.node, self.agent.clock
        places = Places.of(node)
        if read_settings(node).address is None:
            return False
        pause = State.read(places.state).pause
        return pause.left(clock.now(), clock.monotonic(), node.boot_id) <= 0 and not is_locked(places.lock)


def start_sender(agent: Agent) -> subprocess.Popen[bytes]:
    """Start a sender that outlives this process, and shares nothing with it: neither terminal nor locks."""
    node = agent.node
    named = {"OSVC_ROOT": str(node.folders.root), "OSVC_NODE": node.name, "OSVC_OS": node.os_name}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "opensvc_core", "collector", "send"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **named},
        cwd="/",
        start_new_session=True,
    )
