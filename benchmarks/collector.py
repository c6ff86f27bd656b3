"""What a collector costs: an action beside a dead one, the sending of many records; and a large inventory."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from attrs import define, field, frozen

from benchmarks.boots import LAUNCHER
from benchmarks.figures import Figure
from benchmarks.measure import in_turn, seconds
from opensvc_core.api import (
    Agent,
    Cancel,
    Command,
    CommandResult,
    RunOutcome,
    Spawned,
    StepState,
    collect_inventory,
    open_agent,
)
from opensvc_core.host.local import LocalHost
from opensvc_core.journal import RunHeader
from opensvc_core.plan import Step
from opensvc_core.run import StepResult
from opensvc_testkit.collector import RecordingCollector
from opensvc_testkit.demo.simulation import simulate
from opensvc_testkit.demo.stage import NODE

PAIRS = 20
FACTOR = 1.05
RUNS = 5_000
"""Each tells of its begin and of its end: two records."""
SENDING = 30.0
SERVICES = 500
DISKS_EACH = 2
"""The guest's own image, and a disk."""
INVENTORY = 2.0
SECONDS = 300.0
MEMORY = Path("/dev/shm")  # noqa: S108 - what is not measured need not wait for a disk


def action_with_dead_collector() -> Iterator[Figure]:
    """A start and a stop, with a collector that takes connections and answers nobody, and with none.

    Beside it the same with its back-off forgotten each time: then every action starts a sender that tries.
    """
    with tempfile.TemporaryDirectory(prefix="dead") as name, socket.create_server(("127.0.0.1", 0)) as dead:
        port = dead.getsockname()[1]
        none = _ActingNode.make(Path(name) / "none", "")
        with_dead = _ActingNode.make(Path(name) / "dead", f"http://127.0.0.1:{port}/")
        eager = _ActingNode.make(Path(name) / "eager", f"http://127.0.0.1:{port}/\ntimeout = 1s")

        def forget() -> None:
            (eager.root / "var" / "collector" / "state.json").unlink(missing_ok=True)

        took = in_turn({"none": none.act, "dead": with_dead.act, "eager": eager.act}, PAIRS, forget)
    ratio = took.median_of(lambda times: times["dead"] / times["none"])
    detail = f"start and stop {took.median('dead'):.3f} s / without a collector {took.median('none'):.3f} s"
    yield Figure("an action with a dead collector, over one without", ratio, FACTOR, "x", detail)
    ratio = took.median_of(lambda times: times["eager"] / times["none"])
    detail = f"start and stop {took.median('eager'):.3f} s, a sender tries beside each"
    yield Figure("the same, its back-off forgotten before each", ratio, FACTOR + 0.15, "x", detail)


@frozen
class _ActingNode:
    """A node with one service of one application."""

    root: Path

    @classmethod
    def make(cls, root: Path, url: str) -> _ActingNode:
        launchers = root / "etc" / "svc.d"
        launchers.mkdir(parents=True)
        (launchers / "S10app").write_text(LAUNCHER.format(takes=0, state=root / "state"))
        (launchers / "S10app").chmod(0o755)
        for letter in "KC":
            (launchers / f"{letter}10app").symlink_to("S10app")
        (root / "etc" / "svc.env").write_text("[default]\nnodes = node1\n\n[app#0]\ntype = launchers\n")
        (root / "etc" / "node.conf").write_text(f"[collector]\nurl = {url}\n")
        return cls(root)

    def act(self) -> None:
        """Start it and stop it."""
        for verb in ("start", "stop"):
            _osvc(self.root, verb, "svc")


def sending_of_many() -> Iterator[Figure]:
    """`osvc collector flush` of ten thousand records, to a collector on this machine."""
    with tempfile.TemporaryDirectory(prefix="many", dir=MEMORY if MEMORY.is_dir() else None) as name:
        folder = Path(name)
        root = folder / "root"
        (root / "etc").mkdir(parents=True)
        (root / "etc" / "svc.env").write_text("[default]\nnodes = node1\n\n[app#0]\ntype = launchers\n")
        with RecordingCollector.up(folder / "collector") as collector:
            (root / "etc" / "node.conf").write_text(f"[collector]\nurl = {collector.url}\n")
            _fill(open_agent(root, "node1"))
            took = seconds(lambda: _osvc(root, "collector", "flush"))
            came = collector.record.count("begin_action", "end_action")
            calls = collector.record.count()
            if collector.violations() or came != 2 * RUNS:
                raise AssertionError(f"{came} records came; {collector.violations()[:3]}")
    detail = f"osvc collector flush, {calls} calls with the lines of {RUNS} actions"
    yield Figure(f"sending of {2 * RUNS} queued records", took, SENDING, "s", detail)


def _fill(agent: Agent) -> None:
    """Write down runs as an agent does: begun, with a step, ended."""
    (resource,) = agent.load("svc").resources
    step = Step("start svc/app#0", "start", resource, "node1")
    for number in range(RUNS):
        run_id = f"run{number:05}"
        began = agent.clock.now()
        agent.journal.begin_run(
            RunHeader(run_id, "start", ("svc",), "root", os.getpid(), "node1", "1", "boot", (), "{}", began)
        )
        agent.journal.begin_step(run_id, step, is_way_back=False)
        agent.journal.end_step(run_id, StepResult(step, StepState.DONE, "3 launchers"), is_way_back=False)
        agent.journal.end_service(run_id, "svc", RunOutcome.DONE)
    agent.journal.close()


def inventory_of_many() -> Iterator[Figure]:
    """The inventory of five hundred services with two disks each; what the simulated platform answers is kept."""
    with tempfile.TemporaryDirectory(prefix="inventory") as name:
        site = simulate(Path(name), "kvm")
        etc = site.stage.root / "etc"
        for number in range(SERVICES):
            guest = f"g{number:03}"
            disks = [f"/dev/mapper/{guest}-{disk}" for disk in range(DISKS_EACH - 1)]
            site.cluster.define_guest(guest, nodes=[NODE], boot_time=0, disks=disks)
            (etc / f"{guest}.env").write_text(
                f"[default]\nmode = kvm\nservice_type = DEV\nnodes = {NODE}\nvm_name = {guest}\n"
            )
        env = site.stage.environment(os.environ)
        host = KeptAnswers(LocalHost(NODE, env["PATH"], env={"OSVC_NODE": NODE}))
        agent = open_agent(site.stage.root, NODE, host=host)

        def ask() -> int:
            services = [agent.load(path.stem) for path in sorted(etc.glob("g*.env"))]
            told = collect_inventory(agent, services)
            return sum(len(each.disks) for each in told.services)

        found = ask()
        if found != SERVICES * DISKS_EACH:
            raise AssertionError(f"{found} disks")
        asked = len(host.answers)
        took = in_turn({"inventory": ask}, 5).median("inventory")
        if len(host.answers) != asked:
            raise AssertionError("something was asked that had not been asked before")
    detail = f"files read anew, {found} disks; {asked} answers of simulated commands kept"
    yield Figure(f"inventory of {SERVICES} services", took, INVENTORY, "s", detail)


@define
class KeptAnswers:
    """A host that runs each command once, and then gives what it answered.

    Attributes:
        host: where commands run.
        answers: by their words and their input.
    """

    host: LocalHost
    answers: dict[tuple[tuple[str, ...], bytes | None], CommandResult] = field(factory=dict)

    @property
    def name(self) -> str:
        """Of the host."""
        return self.host.name

    def execute(
        self, command: Command, cancel: Cancel, spawned: Callable[[Spawned], None] | None = None
    ) -> CommandResult:
        """See ``Host``."""
        key = (command.argv, command.input)
        if key not in self.answers:
            self.answers[key] = self.host.execute(command, cancel, spawned)
        return self.answers[key]


def _osvc(root: Path, *words: str) -> None:
    env = {**os.environ, "OSVC_ROOT": str(root), "OSVC_NODE": "node1"}
    argv = [sys.executable, "-m", "opensvc_core", *words]
    subprocess.run(argv, env=env, check=True, timeout=SECONDS, capture_output=True)
