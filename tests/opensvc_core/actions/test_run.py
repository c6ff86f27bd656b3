"""Start and stop through the library's door, on a platform of files."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from attrs import Factory, define

from opensvc_core.api import (
    Cancel,
    Context,
    Event,
    EventKind,
    Evidence,
    Locked,
    NodeState,
    OpenSVCError,
    Service,
    Status,
    Vetoed,
    hookimpl,
)
from opensvc_core.dispatcher import Dispatcher
from opensvc_core.errors import Frozen, JournalError
from opensvc_core.host import Command
from opensvc_core.journal import Journal
from opensvc_core.lock import Holder, hold_lock
from opensvc_core.plan import Selection, Step
from opensvc_core.run import RunOutcome, StepState
from tests.opensvc_core.actions.files_platform import STACK, FilesRegistry, knob, open_files_agent, up, write_service

ALL = {"svc.disk#1", "svc.fs#1", "svc.container#0", "svc.app#0"}


def _start(root: Path, **options: object) -> object:
    agent = open_files_agent(root)
    return agent.run(agent.plan("start", [agent.load("svc")]), **options)  # type: ignore[arg-type]


def test_a_service_starts_shows_its_status_and_stops(tmp_path: Path) -> None:
    write_service(tmp_path)
    agent = open_files_agent(tmp_path)
    service = agent.load("svc")
    assert agent.status([service])["svc"].overall is Status.DOWN
    run = agent.run(agent.plan("start", [service]))
    assert {result.state for result in run.results} == {StepState.DONE}
    assert up(tmp_path) == ALL
    assert agent.status([service])["svc"].avail is Status.UP
    again = agent.run(agent.plan("start", [service]))
    assert {result.state for result in again.results} == {StepState.UNCHANGED}
    agent.run(agent.plan("stop", [service]))
    assert up(tmp_path) == set()
    assert [record.action for record in agent.history("svc")] == ["stop", "start", "start"]


@define(eq=False)
class Memories:
    """A policy that keeps what drivers are handed to remember answers in, by hook, and changes nothing."""

    seen: dict[str, list[tuple[int, bool]]] = Factory(dict)

    def _see(self, hook: str, context: Context) -> None:
        self.seen.setdefault(hook, []).append((id(context.memory), context.asks_for_all))

    @hookimpl(wrapper=True)
    def status(self, context: Context) -> Generator[None, object, object]:
        self._see("status", context)
        return (yield)

    @hookimpl(wrapper=True)
    def preflight(self, context: Context) -> Generator[None, object, object]:
        self._see("preflight", context)
        return (yield)

    @hookimpl(wrapper=True)
    def start(self, context: Context) -> Generator[None, object, object]:
        self._see("start", context)
        return (yield)


def test_the_checks_of_a_run_share_what_its_statuses_were_told_and_no_step_does(tmp_path: Path) -> None:
    write_service(tmp_path)
    agent, memories = open_files_agent(tmp_path), Memories()
    agent.dispatcher = Dispatcher(FilesRegistry(), [memories])
    agent.run(agent.plan("start", [agent.load("svc")]))
    first, _ = memories.seen["status"][0]
    assert set(memories.seen["preflight"]) == {(first, True)}
    assert all(memory != first and not is_kept for memory, is_kept in memories.seen["start"])
    assert memories.seen["status"][-1][0] != first, "what the run has led to is asked anew"


def test_the_commands_of_a_run_are_in_the_journal(tmp_path: Path) -> None:
    write_service(tmp_path)
    agent = open_files_agent(tmp_path)
    run = agent.run(agent.plan("start", [agent.load("svc")]))
    changing = [record for record in agent.commands(run.id) if record.changes]
    assert [record.argv[0] for record in changing] == ["touch"] * 4
    assert all(record.ended and record.pid and record.process and record.rc == 0 for record in changing)


def test_a_failing_step_takes_the_rest_back_and_the_report_says_why(tmp_path: Path) -> None:
    write_service(tmp_path)
    knob(tmp_path, "svc.app#0.start", "ls", "/no/such/place")
    agent = open_files_agent(tmp_path)
    run = agent.run(agent.plan("start", [agent.load("svc")]))
    assert up(tmp_path) == set()
    assert run.outcomes == {"svc": RunOutcome.FAILED}
    assert "No such file" in run.result("start svc/app#0").text
    assert agent.history("svc")[0].outcome == "failed"


def test_several_services_run_side_by_side_and_fail_each_for_itself(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_service(tmp_path, name)
    knob(tmp_path, "b.fs#1.start", "ls", "/no/such/place")
    agent = open_files_agent(tmp_path)
    run = agent.run(agent.plan("start", [agent.load(name) for name in agent.find(["*"])]))
    assert {name: outcome.value for name, outcome in run.outcomes.items()} == {"a": "done", "b": "failed", "c": "done"}
    assert {name.partition(".")[0] for name in up(tmp_path)} == {"a", "c"}


def test_events_tell_the_whole_story_in_order(tmp_path: Path) -> None:
    write_service(tmp_path, text="[default]\nnodes = n1\n[disk#1]\ntype = file\n")
    events: list[Event] = []
    _start(tmp_path, on_event=events.append)
    kinds = [event.kind for event in events]
    assert kinds[0] is EventKind.RUN_BEGIN
    assert kinds[-1] is EventKind.RUN_END
    assert kinds.index(EventKind.STEP_BEGIN) < kinds.index(EventKind.COMMAND_BEGIN) < kinds.index(EventKind.STEP_END)


def test_a_listener_that_fails_changes_nothing(tmp_path: Path) -> None:
    write_service(tmp_path)

    def fail(event: Event) -> None:
        raise RuntimeError(event.kind)

    _start(tmp_path, on_event=fail)
    assert up(tmp_path) == ALL


# -- preview ----------------------------------------------------------------------------------------------------------


def test_a_preview_shows_the_commands_and_changes_nothing(tmp_path: Path) -> None:
    write_service(tmp_path)
    agent = open_files_agent(tmp_path)
    preview = agent.preview(agent.plan("start", [agent.load("svc")]))
    assert [str(command) for step in preview.steps for command in step.commands] == [
        f"touch '{tmp_path}/tmp/platform/svc.{rid}'" for rid in ("disk#1", "fs#1", "container#0", "app#0")
    ]
    assert all("the rest depends on" in step.undetermined for step in preview.steps)
    assert up(tmp_path) == set()
    assert not agent.node.folders.journal.exists()


def test_the_real_run_runs_what_the_preview_showed(tmp_path: Path) -> None:
    write_service(tmp_path)
    agent = open_files_agent(tmp_path)
    plan = agent.plan("start", [agent.load("svc")])
    shown = [command.argv for step in agent.preview(plan).steps for command in step.commands]
    run = agent.run(plan)
    assert [record.argv for record in agent.commands(run.id) if record.changes] == shown


def test_a_preview_shows_vetoes_without_failing(tmp_path: Path) -> None:
    write_service(tmp_path)
    agent = open_files_agent(tmp_path)
    (tmp_path / "tmp/platform/svc.disk#1.veto-start").write_text("not_today")
    preview = agent.preview(agent.plan("start", [agent.load("svc")]))
    assert [(veto.code, veto.subject) for veto in preview.vetoes] == [("not_today", "svc/disk#1")]


# -- vetoes -----------------------------------------------------------------------------------------------------------


def test_a_drivers_veto_refuses_before_the_first_step_and_a_permit_lifts_it(tmp_path: Path) -> None:
    write_service(tmp_path)
    open_files_agent(tmp_path)
    (tmp_path / "tmp/platform/svc.app#0.veto-start").write_text("not_today")
    with pytest.raises(Vetoed) as caught:
        _start(tmp_path)
    assert "--permit not_today" in caught.value.hint
    assert caught.value.exit_status == 4
    assert up(tmp_path) == set()
    _start(tmp_path, permits={"not_today"})
    assert up(tmp_path) == ALL


def test_a_disk_is_not_let_go_under_what_is_up_whatever_was_asked(tmp_path: Path) -> None:
    text = STACK.replace("[container#0]\ntype = file", "[container#0]\ntype = file\ndisable = true")
    write_service(tmp_path)
    _start(tmp_path)
    agent = open_files_agent(tmp_path)
    for file, selection in ((STACK, Selection(rids=("disk#1",))), (text, Selection())):
        write_service(tmp_path, text=file)
        with pytest.raises(Vetoed) as caught:
            agent.run(agent.plan("stop", [agent.load("svc")], selection), permits={"in_use"})
        assert {veto.code for veto in caught.value.vetoes} == {"in_use"}
    assert "svc.disk#1" in up(tmp_path)


def test_a_chosen_resource_needs_what_it_stands_on(tmp_path: Path) -> None:
    write_service(tmp_path)
    agent = open_files_agent(tmp_path)
    plan = agent.plan("start", [agent.load("svc")], Selection(rids=("fs#1",)))
    with pytest.raises(Vetoed, match=r"stands on disk#1, which is down \[requirement_down\]"):
        agent.run(plan)
    agent.run(plan, permits={"requirement_down"})
    assert up(tmp_path) == {"svc.fs#1"}


def test_a_service_whose_driver_is_missing_is_refused_by_the_name_of_what_to_install(tmp_path: Path) -> None:
    write_service(tmp_path, text=STACK + "[vg#1]\nvgname = data\n")
    agent = open_files_agent(tmp_path)
    status = agent.status([agent.load("svc")])["svc"]
    assert status.overall is Status.UNDEF
    for action in ("start", "stop"):
        with pytest.raises(Vetoed) as caught:
            agent.run(agent.plan(action, [agent.load("svc")]))
        assert "opensvc-lvm" in caught.value.hint


@pytest.mark.parametrize("permits", [frozenset(), frozenset({"scsireserv_unavailable"})])
def test_a_wished_reservation_vetoes_a_start_for_good_while_no_backend_is_installed(
    tmp_path: Path, permits: frozenset[str]
) -> None:
    write_service(tmp_path, text=STACK.replace("[disk#1]", "[disk#1]\nscsireserv = true"))
    agent = open_files_agent(tmp_path, disabled_drivers=("sg_persist", "mpathpersist", "scu"))
    with pytest.raises(Vetoed, match="scsireserv = true, and no SCSI reservation backend is installed"):
        agent.run(agent.plan("start", [agent.load("svc")]), permits=permits)
    assert up(tmp_path) == set()
    agent.run(agent.plan("stop", [agent.load("svc")]))


def test_a_container_that_cannot_be_told_forbids_a_start_for_good(tmp_path: Path) -> None:
    write_service(tmp_path)
    open_files_agent(tmp_path)
    knob(tmp_path, "svc.container#0.status", "ls", "/no/such/place")
    with pytest.raises(Vetoed) as caught:
        _start(tmp_path, permits={"container_undef"})
    assert "container_undef" in {veto.code for veto in caught.value.vetoes}
    assert "No such file" in caught.value.message


def test_a_frozen_service_refuses_and_says_how_to_thaw(tmp_path: Path) -> None:
    write_service(tmp_path)
    agent = open_files_agent(tmp_path)
    agent.freeze(["svc"])
    with pytest.raises(Frozen) as caught:
        _start(tmp_path)
    assert caught.value.hint == "osvc thaw svc"
    assert agent.status([agent.load("svc")])["svc"].is_frozen
    agent.thaw(["svc"])
    _start(tmp_path)
    assert up(tmp_path) == ALL


def test_a_busy_lock_refuses(tmp_path: Path) -> None:
    write_service(tmp_path)
    agent = open_files_agent(tmp_path)
    holder = Holder(os.getpid(), "bob", "stop", 0.0)
    lock = hold_lock(agent.node.folders.lock, "svc", holder, wait=0, clock=agent.clock, cancel=Cancel())
    with lock, pytest.raises(Locked, match="stop by bob"):
        _start(tmp_path, wait=0.0)
    assert up(tmp_path) == set()


# -- the other nodes --------------------------------------------------------------------------------------------------


@define
class StandInPeers:
    """Other nodes that answer what they are told; keeps what was asked of them in order."""

    answers: dict[str, NodeState] = Factory(dict)
    busy: set[str] = Factory(set)
    trace: list[str] = Factory(list)
    asks: bool = True

    @contextmanager
    def hold_lock(self, service: Service, node: str, holder: Holder, *, wait: float, cancel: Cancel) -> Iterator[None]:
        if node in self.busy:
            raise Locked(f"{service.name}: held on {node}")
        self.trace.append(f"lock {node}")
        try:
            yield
        finally:
            self.trace.append(f"unlock {node}")

    def ask(self, service: Service, nodes: Sequence[str]) -> tuple[Evidence, ...]:
        self.trace.append(f"ask {' '.join(nodes)}")
        return tuple(Evidence(node, self.answers.get(node, NodeState.DOWN), f"{node} itself") for node in nodes)


def _run_with(root: Path, peers: StandInPeers, action: str = "start", **options: object) -> object:
    write_service(root, text=STACK.replace("nodes = n1", "nodes = n0 n1 n2\ndrpnodes = d1"))
    agent = open_files_agent(root, peers=peers)
    return agent.run(agent.plan(action, [agent.load("svc")]), **options)  # type: ignore[arg-type]


def test_peers_are_locked_in_the_order_of_names_and_asked_only_then(tmp_path: Path) -> None:
    peers = StandInPeers()
    _run_with(tmp_path, peers)
    assert peers.trace == ["lock d1", "lock n0", "lock n2", "ask n0 n2 d1", "unlock n2", "unlock n0", "unlock d1"]
    assert up(tmp_path) == ALL


@pytest.mark.parametrize("where", ["n2", "d1"])
def test_up_elsewhere_is_a_veto_that_nothing_lifts(tmp_path: Path, where: str) -> None:
    peers = StandInPeers({where: NodeState.UP})
    known = (Evidence(where, NodeState.FENCED, "an operator"),)
    with pytest.raises(Vetoed, match=f"runs on {where}") as caught:
        _run_with(tmp_path, peers, permits={"up_elsewhere"}, evidence=known)
    assert "--permit" not in caught.value.hint
    assert up(tmp_path) == set()


def test_a_peer_that_cannot_tell_is_a_veto_and_evidence_from_elsewhere_counts(tmp_path: Path) -> None:
    peers = StandInPeers({"n2": NodeState.UNKNOWN})
    with pytest.raises(Vetoed, match="n2 cannot tell"):
        _run_with(tmp_path, peers)
    _run_with(tmp_path, peers, evidence=(Evidence("n2", NodeState.FENCED, "an operator"),))
    assert up(tmp_path) == ALL


def test_a_lock_held_on_a_peer_refuses_and_gives_up_those_already_held(tmp_path: Path) -> None:
    peers = StandInPeers(busy={"n2"})
    with pytest.raises(Locked, match="held on n2"):
        _run_with(tmp_path, peers)
    assert peers.trace == ["lock d1", "lock n0", "unlock n0", "unlock d1"]


def test_a_stop_asks_nobody(tmp_path: Path) -> None:
    peers = StandInPeers({"n2": NodeState.UNKNOWN})
    _run_with(tmp_path, peers, "stop")
    assert peers.trace == []


def test_until_peers_can_be_asked_plan_and_run_say_so(tmp_path: Path) -> None:
    write_service(tmp_path, text=STACK.replace("nodes = n1", "nodes = n1 n2"))
    agent = open_files_agent(tmp_path)
    plan = agent.plan("start", [agent.load("svc")])
    assert [note.code for note in plan.notes] == ["peers_unasked"]
    assert [note.code for note in agent.run(plan).notes] == ["peers_unasked"]


# -- cancellation, limits, journal ------------------------------------------------------------------------------------


def test_a_cancel_ends_the_running_command_with_its_group_and_walks_the_way_back(tmp_path: Path) -> None:
    write_service(tmp_path)
    knob(tmp_path, "svc.container#0.start", "sh", "-c", "sleep 600 & sleep 600")
    cancel = Cancel()

    def on_event(event: Event) -> None:
        if event.kind is EventKind.COMMAND_BEGIN and event.data["argv"][0] == "sh":
            threading.Timer(0.1, cancel.set, args=("SIGTERM",)).start()

    agent = open_files_agent(tmp_path)
    run = agent.run(agent.plan("start", [agent.load("svc")]), cancel=cancel, on_event=on_event)
    assert run.result("start svc/container#0").state is StepState.CANCELLED
    assert run.result("start svc/app#0").state is StepState.SKIPPED
    assert not _processes("sleep 600")
    # The command was ended before it answered, so its effect may still come: the disks stay.
    assert run.outcomes["svc"] is RunOutcome.UNKNOWN
    assert up(tmp_path) == {"svc.disk#1", "svc.fs#1"}


def _processes(words: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if line == words:
            found.append(path.parent.name)
    return found


def test_a_step_that_runs_into_its_limit_is_taken_back(tmp_path: Path) -> None:
    write_service(tmp_path, text=STACK.replace("[app#0]\ntype = file", "[app#0]\ntype = file\nstart_timeout = 1"))
    knob(tmp_path, "svc.app#0.start", "true")  # it never comes up
    agent = open_files_agent(tmp_path)
    run = agent.run(agent.plan("start", [agent.load("svc")]))
    assert run.result("start svc/app#0").state is StepState.TIMEOUT
    assert "in vain" in run.result("start svc/app#0").text
    assert up(tmp_path) == set()


def test_a_run_has_a_limit_too(tmp_path: Path) -> None:
    write_service(tmp_path)
    knob(tmp_path, "svc.fs#1.start", "sleep", "600")
    agent = open_files_agent(tmp_path)
    run = agent.run(agent.plan("start", [agent.load("svc")]), time_limit=1.0)
    assert run.result("start svc/container#0").state is StepState.SKIPPED
    assert not run.result("start svc/fs#1").state.is_good


def test_nothing_is_started_without_a_journal_and_a_stop_goes_on(tmp_path: Path) -> None:
    write_service(tmp_path)
    _start(tmp_path)
    agent = open_files_agent(tmp_path)
    agent.journal.path.unlink()
    agent.journal.path.mkdir()
    with pytest.raises((JournalError, Vetoed)):
        agent.run(agent.plan("start", [agent.load("svc")]))
    run = agent.run(agent.plan("stop", [agent.load("svc")]))
    assert run.outcomes["svc"] is RunOutcome.DONE
    assert "journal" in {note.code for note in run.notes}
    assert up(tmp_path) == set()


class JournalOnAFullDisk(Journal):
    """A journal that takes nothing more once the first change was written down."""

    is_full = False

    def begin_command(
        self, run_id: str, step: Step, host: str, command: Command, command_id: str, *, is_way_back: bool = False
    ) -> None:
        if self.is_full:
            raise JournalError("the disk is full")
        super().begin_command(run_id, step, host, command, command_id, is_way_back=is_way_back)
        self.is_full = command.changes

    def begin_step(self, run_id: str, step: Step, *, is_way_back: bool) -> None:
        if self.is_full:
            raise JournalError("the disk is full")
        super().begin_step(run_id, step, is_way_back=is_way_back)


def test_what_a_start_had_begun_when_its_journal_broke_is_awaited_and_nothing_more_is_begun(tmp_path: Path) -> None:
    write_service(tmp_path)
    agent = open_files_agent(tmp_path)
    agent.journal = JournalOnAFullDisk(agent.journal.path, agent.clock)
    run = agent.run(agent.plan("start", [agent.load("svc")]))
    assert run.result("start svc/disk#1").state is StepState.DONE, "it was asked until it was up"
    assert run.result("start svc/fs#1").state is StepState.SKIPPED
    assert run.outcomes == {"svc": RunOutcome.FAILED}
    assert up(tmp_path) == set(), "and taken back"


def test_after_a_broken_journal_a_start_waits_for_recover(tmp_path: Path) -> None:
    write_service(tmp_path)
    agent = open_files_agent(tmp_path)
    agent.journal.path.parent.mkdir(exist_ok=True)
    agent.journal.path.write_bytes(b"garbage, and long enough to be more than a header" * 50)
    plan = agent.plan("start", [agent.load("svc")])
    with pytest.raises(OpenSVCError):
        agent.run(plan)
    assert up(tmp_path) == set()
    agent.run(agent.plan("stop", [agent.load("svc")]))  # sets the broken journal aside
    with pytest.raises(Vetoed, match="past_unknown"):
        agent.run(plan)
    agent.recover("svc")
    agent.run(plan)
    assert up(tmp_path) == ALL


# -- status -----------------------------------------------------------------------------------------------------------


def test_status_asks_each_driver_once_for_all_services(tmp_path: Path) -> None:
    for number in range(20):
        write_service(tmp_path, f"s{number}")
    agent = open_files_agent(tmp_path)
    asked: list[tuple[str, ...]] = []
    execute = agent.host.execute

    class Counting:
        name = "n1"

        def execute(self, command: object, *rest: object) -> object:
            asked.append(command.argv)  # type: ignore[attr-defined]
            return execute(command, *rest)  # type: ignore[arg-type]

    agent.host = Counting()  # type: ignore[assignment]
    statuses = agent.status([agent.load(name) for name in agent.find()])
    assert len(statuses) == 20
    assert len(asked) == 4  # disk, fs, container, app


def test_a_hung_platform_is_undef_within_the_limit_and_spoils_nothing_else(tmp_path: Path) -> None:
    write_service(tmp_path)
    agent = open_files_agent(tmp_path)
    knob(tmp_path, "svc.container#0.status", "sleep", "600")
    status = agent.status([agent.load("svc")], timeout=1.0)["svc"]
    shown = {item.resource.rid: item.shown for item in status.resources}
    assert shown == {
        "disk#1": Status.DOWN,
        "fs#1": Status.DOWN,
        "container#0": Status.UNDEF,
        "app#0": Status.DOWN,
    }
    assert status.overall is Status.UNDEF
