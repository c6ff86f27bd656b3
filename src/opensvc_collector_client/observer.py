"""The observer: something happened, so a sender is started, if there is a collector and none is at it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from attrs import define, field

from opensvc_collector_client.private_files import try_lock
from opensvc_collector_client.settings import Places, read_settings
from opensvc_collector_client.state import State
from opensvc_core.api import EventKind, hookimpl

if TYPE_CHECKING:
    import subprocess

    from opensvc_collector_client.private_files import Lock
    from opensvc_core.api import Agent, Event

PRIORITY: Final = 10
"""Of a sender: lower than that of actions, which is 0."""
KICKS: Final = frozenset({EventKind.RUN_BEGIN, EventKind.RUN_END, EventKind.STATUS})


@define(eq=False)
class CollectorObserver:
    """Starts senders. It sends nothing itself, looks up no name, and waits for nobody.

    What is to be sent stands in the journal: where no sender can be started, the next one sends it.
    """

    _agent: Agent | None = field(default=None, init=False, repr=False)
    _started: list[subprocess.Popen[bytes]] = field(factory=list, init=False, repr=False)

    @hookimpl
    def attach(self, agent: Agent) -> None:
        """Take the agent whose events are seen."""
        self._agent = agent

    @hookimpl
    def observe(self, event: Event) -> None:
        """See an event."""
        if event.kind not in KICKS or self._agent is None or not is_due(self._agent):
            return
        lock = try_lock(Places.of(self._agent.node).lock)
        if lock is None:
            return  # a sender is at it, and looks once more after it has given up the lock
        try:
            self._started = [each for each in self._started if each.poll() is None]
            self._started.append(start_sender(self._agent, lock))
        finally:
            lock.release()


def is_due(agent: Agent) -> bool:
    """Whether there is a collector, and it did not fail just now. Raises ConfigError.

    Of the default's name nothing is known before the job of ten minutes found it: no action is to look for it.
    """
    node, clock = agent.node, agent.clock
    settings = read_settings(node)
    if settings.address is None:
        return False
    state = State.read(Places.of(node).state)
    if not settings.is_named and not state.last_success:
        return False
    return state.pause.left(clock.now(), clock.monotonic(), node.boot_id) <= 0


def start_sender(agent: Agent, lock: Lock) -> subprocess.Popen[bytes]:
    """Start a sender that outlives this process; of what is open here it gets the sender's lock, and nothing else."""
    import subprocess

    node = agent.node
    named = {"OSVC_ROOT": str(node.folders.root), "OSVC_NODE": node.name, "OSVC_OS": node.os_name}
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "opensvc_collector_client", "collector", "send", "--lock", str(lock.descriptor)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **named},
        cwd="/",
        start_new_session=True,
        pass_fds=(lock.descriptor,),
    )
    # From its first instruction on: an action is not to share its processor with what nobody waits for.
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, child.pid, max(PRIORITY, os.getpriority(os.PRIO_PROCESS, 0)))
    return child
