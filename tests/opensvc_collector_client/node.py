"""A node whose journal is written to as runs do, and a collector that is played: what both share of the tests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from attrs import define, field

from opensvc_collector_client.delivery import Delivery
from opensvc_collector_client.poison import PoisonFile
from opensvc_collector_client.queue import Queue
from opensvc_collector_client.records import Call
from opensvc_collector_client.settings import Places
from opensvc_collector_client.state import State
from opensvc_collector_client.telling import Teller
from opensvc_collector_client.transport.failures import Refused, Unreachable
from opensvc_core.api import Agent, open_agent
from opensvc_core.feed import NewChange
from opensvc_core.journal import RunHeader
from opensvc_core.run import RunOutcome

NODE = "node1"
SERVICE_FILE = "# a comment\n[default]\nnodes = node1\n\n[app#0]\ntype = launchers\n"
ALL_METHODS = frozenset({"begin_action", "res_action_batch", "end_action", "svcmon_update", "resmon_update"})


def make_node(root: Path, settings: str = "[collector]\nurl = http://127.0.0.1:9/\n", *names: str) -> Agent:
    """A node with services that have no launchers."""
    (root / "etc").mkdir(parents=True, exist_ok=True)
    (root / "etc" / "node.conf").write_text(settings)
    for name in names or ("svc",):
        (root / "etc" / f"{name}.env").write_text(SERVICE_FILE)
    return open_agent(root, NODE, clock=ManualClock())


def begin(agent: Agent, run_id: str, service: str = "svc") -> None:
    """A run begins."""
    header = RunHeader(run_id, "start", (service,), "root", 42, NODE, "1", "boot", (), "{}", agent.clock.now())
    agent.journal.begin_run(header)


def end(agent: Agent, run_id: str, service: str = "svc") -> None:
    """A run ends."""
    agent.journal.end_service(run_id, service, RunOutcome.DONE)


def act(agent: Agent, *run_ids: str) -> None:
    """Runs begin and end."""
    for run_id in run_ids:
        begin(agent, run_id)
        end(agent, run_id)


def change_state(agent: Agent, word: str, service: str = "svc") -> None:
    """A service's state became another."""
    data = {"avail": word, "overall": word, "frozen": False, "groups": {}, "resources": {}}
    agent.feed.record([NewChange("status", service, word, data)])


class ManualClock:
    """Time that passes when somebody waits, or a test says so; the clock on the wall can be stepped."""

    def __init__(self) -> None:
        self.passed = 1000.0
        self.offset = 1_700_000_000.0

    def now(self) -> float:
        return self.offset + self.passed

    def monotonic(self) -> float:
        return self.passed

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.passed += seconds
        return event.is_set()


@define
class PlayedCollector:
    """Takes records, or not, as a test says.

    Attributes:
        methods: that it has.
        judge: raises for a call that is not taken.
        taken: calls that were.
    """

    methods: frozenset[str] = ALL_METHODS
    judge: Callable[[Call], None] = lambda call: None
    taken: list[Call] = field(factory=list)

    def has(self, method: str) -> bool:
        return method in self.methods

    def send(self, call: Call) -> None:
        self.judge(call)
        self.taken.append(call)

    @property
    def ids(self) -> list[str]:
        """Begins and ends that were taken, in order: ``r1``, ``r1.``."""
        found = []
        for call in self.taken:
            if call.method in {"begin_action", "end_action"}:
                fields = dict(zip(*call.arguments, strict=True))
                run_id = fields["action_id"].partition("/")[0]
                found.append(run_id if call.method == "begin_action" else f"{run_id}.")
        return found


def delivery_of(agent: Agent, collector: PlayedCollector, state: State | None = None) -> Delivery:
    """A delivery with what was remembered, opened as a session does."""
    places = Places.of(agent.node)
    state = state or State.read(places.state)
    queue = Queue(agent.feed, state)
    queue.open()
    queue.make_known()
    return Delivery(
        queue,
        Teller(agent),
        collector,  # type: ignore[arg-type]
        state,
        PoisonFile(places.poison),
        agent.clock,
        lambda: state.write(places.state),
        lambda: 0.5,
    )


def refuse(*run_ids: str) -> Callable[[Call], None]:
    """Refuses what is about these runs."""

    def judge(call: Call) -> None:
        if any(f"{run_id}/" in str(call.arguments) for run_id in run_ids):
            text = "unknown column"
            raise Refused(text)

    return judge


def unreachable(call: Call) -> None:
    """Nobody there."""
    raise Unreachable(call.method)
