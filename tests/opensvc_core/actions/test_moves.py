"""Services that go from one node to another: agents in one process, each with its own root, journal and locks.

Each start writes it down when the same resource is up on another node at that instant.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
from attrs import evolve, frozen

from opensvc_core.actions.agent import Agent
from opensvc_core.api import (
    Cancel,
    ChangeKind,
    Event,
    EventKind,
    Evidence,
    Frozen,
    Locked,
    NodeState,
    OpenSVCError,
    PlanError,
    Vetoed,
)
from opensvc_core.cli.document import record_document, run_document
from opensvc_core.cli.plain import plan_lines
from opensvc_core.cli.previews import preview_document
from opensvc_core.cli.render import to_text
from opensvc_core.cli.render.plan import plan_view
from opensvc_core.cli.verdict import verdict_lines
from opensvc_core.cluster.link import PeerError
from opensvc_core.errors import JournalError
from opensvc_core.journal import Journal, RunHeader
from opensvc_core.lock import Holder, hold_lock
from opensvc_core.model import Service, Status
from opensvc_core.plan import Step
from opensvc_core.run import Run, RunOutcome, StepResult, StepState
from tests.opensvc_core.actions.files_platform import knob
from tests.opensvc_core.cli.test_documents import check
from tests.opensvc_core.cluster.loopback import Cluster, LoopbackPeers

TEXT = """[default]
nodes = n1 n2
drpnodes = d1
autostart_node = n1
[disk#1]
type = file
[container#0]
type = file
"""
TREE = Path(__file__).resolve().parents[3]
ALL = {"svc.disk#1", "svc.container#0"}
FORWARD = [
    "stop svc/container#0",
    "stop svc/disk#1",
    "start svc/disk#1",
    "start svc/container#0",
]


class PowerCutError(BaseException):
    """The node that drives a run is gone: nothing of its process runs any more."""


class Site:
    """Three nodes with one service that is up on the first."""

    def __init__(self, folder: Path, text: str = TEXT, *, is_up: bool = True) -> None:
        self.folder = folder
        self.cluster = Cluster.of(folder, text, "n1", "n2", "d1")
        for node in self.cluster.agents:
            others = [other for other in self.cluster.agents if other != node]
            for name in sorted(ALL):
                own = folder / node / "tmp/platform" / name
                there = " || ".join(f"test -e '{folder / other}/tmp/platform/{name}'" for other in others)
                knob(folder / node, f"{name}.start", "sh", "-c", f"({there}) && touch '{folder}/twice'; touch '{own}'")
                if is_up and node == "n1":
                    own.touch()

    def agent(self, node: str) -> Agent:
        """Of a process that has just begun."""
        return self.cluster.open(node)

    def move(self, node: str, verb: str = "switch", to: str = "n2", **options: object) -> Run:
        """One command on one node."""
        agent = self.agent(node)
        dead = options.pop("dead", ())
        plan = agent.plan_move(verb, [agent.load("svc")], to, dead=dead)  # type: ignore[arg-type]
        evidence = tuple(Evidence(each, NodeState.FENCED, "ann") for each in dead)  # type: ignore[attr-defined]
        return agent.run(plan, evidence=evidence, wait=0.0, **options)  # type: ignore[arg-type]

    def recover(self, node: str, **options: object) -> Run:
        """``osvc recover svc`` there."""
        for each in list(self.cluster.agents):
            self.agent(each)
        return self.cluster.agents[node].recover("svc", wait=0.0, **options)  # type: ignore[arg-type]

    @property
    def places(self) -> dict[str, set[str]]:
        """Where something is up."""
        return {node: up for node in self.cluster.agents if (up := self.cluster.up(node))}

    @property
    def was_twice(self) -> bool:
        """Whether anything was ever up on two nodes."""
        return (self.folder / "twice").exists()

    def fails(self, node: str, name: str, action: str) -> None:
        """Have an action fail there."""
        knob(self.folder / node, f"{name}.{action}", "ls", "/no/such/place")

    def outcomes(self, node: str) -> list[tuple[str, str]]:
        """What the journal of a node says, newest first."""
        return [(record.action, record.outcome) for record in self.cluster.agents[node].history("svc")]

    def is_settled(self) -> bool:
        """Whether no node knows of a run that was cut."""
        return not any(agent.journal.unrecovered(["svc"]) for agent in self.cluster.agents.values())


@frozen
class Eyes:
    """An observer that keeps the kinds of events."""

    seen: list[str]

    def observe(self, event: Event) -> None:
        self.seen.append(event.kind.value)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


# -- verbs ------------------------------------------------------------------------------------------------------------


def test_a_switch_stops_here_and_starts_there_and_both_journals_tell(site: Site) -> None:
    agent = site.agent("n1")
    plan = agent.plan_move("switch", [agent.load("svc")], "n2")
    assert [(step.id, step.node) for step in plan.steps] == [
        ("stop svc/container#0", "n1"),
        ("stop svc/disk#1", "n1"),
        ("start svc/disk#1 on n2", "n2"),
        ("start svc/container#0 on n2", "n2"),
    ]
    run = site.move("n1")
    assert run.outcomes == {"svc": RunOutcome.DONE}
    assert site.places == {"n2": ALL}
    here, there = (site.cluster.agents[node].history("svc")[0] for node in ("n1", "n2"))
    assert [step.step for step in here.steps] == [step.id for step in plan.steps]
    assert [step.step for step in there.steps] == ["start svc/disk#1", "start svc/container#0"]
    assert (here.id, here.outcome, here.user) == (run.id, "done", "ann")
    assert (there.id, there.outcome, there.user) == (run.id, "done", "ann on n1")
    assert site.outcomes("d1") == []
    # The commands of a step are in the journal of the node that ran them.
    assert {c.argv[0] for c in site.cluster.agents["n2"].commands(run.id) if c.changes} == {"sh"}
    assert {c.argv[0] for c in site.cluster.agents["n1"].commands(run.id) if c.changes} == {"rm"}


def test_a_takeover_is_driven_from_where_it_goes_and_a_giveback_brings_it_back(site: Site) -> None:
    assert site.move("n2", "takeover").outcomes == {"svc": RunOutcome.DONE}
    assert site.places == {"n2": ALL}
    assert site.move("n2", "giveback").outcomes == {"svc": RunOutcome.DONE}
    assert site.places == {"n1": ALL}
    assert not site.was_twice


def test_a_third_node_may_drive(site: Site) -> None:
    text = TEXT.replace("nodes = n1 n2\n", "nodes = n1 n2 d1\n", 1).replace("drpnodes = d1\n", "")
    for node in site.cluster.agents:
        (site.folder / node / "etc/svc.env").write_text(text)
    assert site.move("d1").outcomes == {"svc": RunOutcome.DONE}
    assert site.places == {"n2": ALL}


def test_what_runs_nowhere_is_only_started(tmp_path: Path) -> None:
    site = Site(tmp_path, is_up=False)
    assert site.move("n1").outcomes == {"svc": RunOutcome.DONE}
    assert site.places == {"n2": ALL}


def test_a_planned_failover_goes_to_the_disaster_recovery_node(site: Site) -> None:
    assert site.move("n1", "failover", "").outcomes == {"svc": RunOutcome.DONE}
    assert site.places == {"d1": ALL}


def test_a_failover_there_needs_every_silent_production_node_declared_dead(site: Site) -> None:
    site.cluster.silent |= {"n1", "n2"}
    with pytest.raises(Vetoed, match="n2 cannot be asked"):
        site.move("d1", "failover", "", dead=("n1",))
    for path in (site.folder / "n1/tmp/platform").glob("svc.*[01]"):
        path.unlink()  # it is dead indeed
    run = site.move("d1", "failover", "", dead=("n1", "n2"))
    assert run.outcomes == {"svc": RunOutcome.DONE}
    assert site.places == {"d1": ALL}


def test_a_failover_is_refused_there_while_a_production_node_answers_that_it_runs_it(site: Site) -> None:
    site.cluster.silent.add("n2")
    with pytest.raises(PlanError, match="still runs on n1"):
        site.move("d1", "failover", "", dead=("n2",))


@pytest.mark.parametrize(
    ("node", "verb", "to", "code"),
    [
        ("n1", "switch", "n9", "not_a_node"),
        ("n1", "switch", "d1", "not_a_node"),
        ("n1", "failover", "n2", "not_a_node"),
        ("n1", "switch", "n1", "already_there"),
        ("n1", "takeover", "", "already_there"),
    ],
)
def test_a_move_that_makes_no_sense_is_no_plan(site: Site, node: str, verb: str, to: str, code: str) -> None:
    with pytest.raises(PlanError) as caught:
        site.move(node, verb, to)
    assert caught.value.code == code
    assert site.places == {"n1": ALL}


def test_a_plan_is_read_before_with_the_commands_of_both_nodes(site: Site) -> None:
    agent = site.agent("n1")
    preview = agent.preview(agent.plan_move("switch", [agent.load("svc")], "n2"))
    shown = {step.step.id: [command.host for command in step.commands] for step in preview.steps}
    assert shown == {
        "stop svc/container#0": ["n1"],
        "stop svc/disk#1": ["n1"],
        "start svc/disk#1 on n2": ["n2"],
        "start svc/container#0 on n2": ["n2"],
    }
    assert [step.status for step in preview.steps] == [Status.UP, Status.UP, Status.DOWN, Status.DOWN]
    assert preview.vetoes == ()
    assert site.outcomes("n2") == []
    assert site.places == {"n1": ALL}
    document = preview_document(preview)
    check("plan", document)
    assert [step["node"] for step in document["steps"]] == ["n1", "n1", "n2", "n2"]
    assert [text.split("\t")[4] for text in plan_lines(document).splitlines() if text.startswith("step\t")] == [
        "n1", "n1", "n2", "n2",
    ]  # fmt: skip
    table = to_text(plan_view(document), width=100)
    assert "1. stop svc/container#0 on n1  (now up)" in table
    assert "3. start svc/disk#1 on n2  (now down)  after 1, 2" in table


# -- what forbids it --------------------------------------------------------------------------------------------------


def test_up_on_a_third_node_is_a_veto(site: Site) -> None:
    agent = site.agent("n1")
    plan = agent.plan_move("switch", [agent.load("svc")], "n2")
    (site.folder / "d1/tmp/platform/svc.disk#1").touch()
    with pytest.raises(Vetoed, match="runs on d1"):
        agent.run(plan)
    assert site.places["n1"] == ALL
    with pytest.raises(PlanError, match="up on several nodes: d1, n1"):
        site.move("n1")


def test_a_node_that_cannot_be_asked_is_a_veto_that_no_permit_lifts(site: Site) -> None:
    site.cluster.silent.add("d1")
    with pytest.raises(Vetoed) as caught:
        site.move("n1", permits={"peer_unknown"})
    assert {veto.code for veto in caught.value.vetoes} == {"peer_unknown"}
    assert "--declare-dead d1" in caught.value.hint
    assert site.move("n1", dead=("d1",)).outcomes == {"svc": RunOutcome.DONE}
    assert site.places == {"n2": ALL}


def test_a_veto_of_the_destination_refuses_before_the_first_step_and_names_it(site: Site) -> None:
    (site.folder / "n2/tmp/platform/svc.disk#1.veto-start").write_text("not_today")
    with pytest.raises(Vetoed, match=r"svc/disk#1 on n2: .*\[not_today\]"):
        site.move("n1")
    assert site.places == {"n1": ALL}
    assert (site.outcomes("n1"), site.outcomes("n2")) == ([], [])
    assert site.move("n1", permits={"not_today"}).outcomes == {"svc": RunOutcome.DONE}


@pytest.mark.parametrize("code", ["reserved_elsewhere", "duplicate_address"])
def test_what_the_source_accounts_for_is_no_veto_of_the_destination(site: Site, code: str) -> None:
    (site.folder / "n2/tmp/platform/svc.disk#1.veto-start").write_text(code)
    assert site.move("n1").outcomes == {"svc": RunOutcome.DONE}
    (site.folder / "n1/tmp/platform/svc.disk#1.veto-start").write_text(code)
    (site.folder / "n2/tmp/platform/svc.disk#1").unlink()
    with pytest.raises(Vetoed, match=code):
        site.move("n2", "giveback")


def test_frozen_there_refuses(site: Site) -> None:
    site.cluster.agents["n2"].freeze(["svc"])
    with pytest.raises(Frozen):
        site.move("n1")
    assert site.places == {"n1": ALL}


def test_locked_there_refuses(site: Site) -> None:
    there = site.cluster.agents["n2"]
    holder = Holder(1, "bob", "start", 0.0)
    agent = site.agent("n1")
    plan = agent.plan_move("switch", [agent.load("svc")], "n2")
    lock = hold_lock(there.node.folders.lock, "svc", holder, wait=0, clock=there.clock, cancel=Cancel())
    with lock, pytest.raises(Locked, match="start by bob"):
        agent.run(plan, wait=0.0)
    assert site.places == {"n1": ALL}


def test_a_broken_journal_there_refuses(site: Site) -> None:
    agent = site.agent("n1")
    plan = agent.plan_move("switch", [agent.load("svc")], "n2")
    path = site.cluster.agents["n2"].journal.path
    path.mkdir(parents=True)
    with pytest.raises(Exception, match="journal"):
        agent.run(plan)
    assert site.places == {"n1": ALL}


class FullJournal(Journal):
    """The journal of a node whose disk is full."""

    def begin_run(self, header: RunHeader) -> None:
        raise JournalError("the disk is full")

    def begin_step(self, run_id: str, step: Step, *, is_way_back: bool) -> None:
        raise JournalError("the disk is full")

    def end_step(self, run_id: str, result: StepResult, *, is_way_back: bool) -> None:
        raise JournalError("the disk is full")


def test_what_is_stopped_there_without_its_journal_goes_on_and_says_so(site: Site) -> None:
    site.agent("n2")
    there = site.agent("n1")
    there.journal = FullJournal(there.journal.path, there.clock)
    run = site.move("n2", "takeover")
    assert (run.outcomes, site.places) == ({"svc": RunOutcome.DONE}, {"n2": ALL})
    assert [note.text for note in run.notes if note.code == "journal"] == [
        "n1: this run is not journalled: the disk is full"
    ]
    stopped = run.result("stop svc/container#0 on n1")
    assert {note.text for note in stopped.notes} >= {"this step goes on without its journal: the disk is full"}


class FillingJournal(Journal):
    """The journal of a node whose disk is full when something is to be started."""

    def begin_step(self, run_id: str, step: Step, *, is_way_back: bool) -> None:
        if step.kind.can_start:
            raise JournalError("the disk is full")
        super().begin_step(run_id, step, is_way_back=is_way_back)


def test_what_cannot_be_started_here_without_a_journal_goes_back_to_where_it_came_from(site: Site) -> None:
    here = site.agent("n2")
    plan = here.plan_move("takeover", [here.load("svc")], "n2")
    here.journal = FillingJournal(here.journal.path, here.clock)
    run = here.run(plan)
    assert (run.outcomes, site.places) == ({"svc": RunOutcome.FAILED}, {"n1": ALL})
    assert "journal" in {note.code for note in run.notes}
    assert site.outcomes("n1") == [("takeover", "failed")]
    assert not site.was_twice


def test_nothing_starts_again_here_without_a_journal(site: Site) -> None:
    site.fails("n2", "svc.container#0", "start")
    here = site.agent("n1")
    plan = here.plan_move("switch", [here.load("svc")], "n2")
    here.journal = FillingJournal(here.journal.path, here.clock)
    run = here.run(plan)
    assert run.outcomes == {"svc": RunOutcome.UNKNOWN}
    assert site.places == {}
    here.journal = Journal(here.journal.path, here.clock)
    assert site.recover("n1").outcomes == {"svc": RunOutcome.DONE}
    assert site.places == {"n1": ALL}


def test_nothing_is_started_there_without_its_journal(site: Site) -> None:
    there = site.agent("n2")
    there.journal = FullJournal(there.journal.path, there.clock)
    with pytest.raises(Exception, match="the disk is full"):
        site.move("n1")
    assert site.places == {"n1": ALL}


def test_a_peer_that_is_no_node_of_the_service_there_is_refused(site: Site) -> None:
    path = site.folder / "n2/etc/svc.env"
    path.write_text(TEXT.replace("nodes = n1 n2", "nodes = n2 n3").replace("autostart_node = n1\n", ""))
    with pytest.raises(Exception, match="n1 is no node of svc by the service file here"):
        site.move("n1")


# -- what the nodes report --------------------------------------------------------------------------------------------


def test_each_node_feeds_and_shows_its_own_part_of_a_run_that_one_of_them_drives(site: Site) -> None:
    driver = site.agent("n1")
    seen: dict[str, list[str]] = {}
    for name, agent in site.cluster.agents.items():
        seen[name] = []
        agent.dispatcher.reach_installed = partial(Eyes, seen[name])
    run = driver.run(driver.plan_move("switch", [driver.load("svc")], "n2"), wait=0.0)
    driver.peers.close()
    for name, up in (("n1", "down"), ("n2", "up")):
        feed = site.cluster.agents[name].feed
        assert [(change.kind, change.run_id) for change in feed.changes() if change.run_id] == [
            ("begin", run.id), ("end", run.id),
        ]  # fmt: skip
        assert feed.latest(ChangeKind.STATUS)["svc"].data["overall"] == up
        assert seen[name][0] == "run_begin"
        assert seen[name][-2:] == ["run_end", "status"]
    record = site.cluster.agents["n2"].feed.run(run.id, "svc")
    assert record is not None
    assert {step.action for step in record.steps} == {"start"}
    assert all(record.commands_of(step) for step in record.steps)
    assert seen["n2"].count("step_begin") == seen["n2"].count("step_end") == len(record.steps)


# -- what fails -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("node", ["n1", "n2"])
@pytest.mark.parametrize("name", sorted(ALL))
def test_a_start_that_fails_there_is_taken_back_and_it_starts_again_at_the_source(
    site: Site, node: str, name: str
) -> None:
    site.fails("n2", name, "start")
    run = site.move(node, "switch" if node == "n1" else "takeover")
    assert run.outcomes == {"svc": RunOutcome.FAILED}
    assert site.places == {"n1": ALL}
    back = [(result.step.action, result.step.node) for result in run.rollback]
    assert back[-2:] == [("start", "n1"), ("start", "n1")]
    assert [result.step.resource.rid for result in run.rollback][-2:] == ["disk#1", "container#0"]
    assert not site.was_twice
    assert {outcome for each in ("n1", "n2") for _, outcome in site.outcomes(each)} == {"failed"}
    check("run", run_document(run))
    check("log", {"schema": 1, "runs": [record_document(each) for each in site.cluster.agents[node].history("svc")]})
    assert verdict_lines(run)[0].endswith("taken back, started again on n1")


def test_nothing_starts_anywhere_while_a_stop_cannot_be_verified(site: Site) -> None:
    site.fails("n1", "svc.container#0", "stop")
    run = site.move("n1")
    assert run.outcomes == {"svc": RunOutcome.UNKNOWN}
    assert run.result("stop svc/disk#1").state is StepState.KEPT
    assert {r.state for r in run.results if r.step.action == "start"} == {StepState.SKIPPED}
    assert run.rollback == ()
    assert site.places == {"n1": ALL}


def test_nothing_starts_again_while_what_came_up_there_is_not_verified_down(site: Site) -> None:
    site.fails("n2", "svc.container#0", "start")
    site.fails("n2", "svc.disk#1", "stop")
    run = site.move("n1")
    assert run.outcomes == {"svc": RunOutcome.UNKNOWN}
    assert site.places == {"n2": {"svc.disk#1"}}
    (site.folder / "n2/tmp/platform/svc.disk#1.stop").unlink()
    assert site.recover("n1").outcomes == {"svc": RunOutcome.DONE}
    assert site.places == {"n1": ALL}
    assert site.is_settled()


def test_a_cancel_between_stop_and_start_brings_it_back(site: Site) -> None:
    cancel = Cancel()

    def listen(event: Event) -> None:
        if event.kind is EventKind.STEP_END and event.step == "stop svc/disk#1":
            cancel.set("SIGINT")

    run = site.move("n1", cancel=cancel, on_event=listen)
    assert run.outcomes == {"svc": RunOutcome.CANCELLED}
    assert site.places == {"n1": ALL}


def test_what_the_other_node_does_is_told_as_it_happens(site: Site) -> None:
    events: list[Event] = []
    site.move("n1", on_event=events.append)
    commands = [event for event in events if event.kind is EventKind.COMMAND_BEGIN and event.data["changes"]]
    assert [event.step for event in commands] == FORWARD[:2] + [f"{step} on n2" for step in FORWARD[2:]]


# -- what is cut ------------------------------------------------------------------------------------------------------


def _at(step: str, moment: str, strike: Callable[[], None]) -> Callable[[Event], None]:
    def listen(event: Event) -> None:
        if event.kind.value == moment and event.step.startswith(step) and not event.data.get("way_back"):
            strike()

    return listen


def _power_cut() -> None:
    raise PowerCutError


def _cut(site: Site, how: str, peer: str) -> None:
    """What strikes; nothing of it waits for the step that it strikes in."""
    if how == "driver dies":
        raise PowerCutError
    strike = site.cluster.kill if how == "peer dies" else site.cluster.cut
    threading.Thread(target=strike, args=(peer,), daemon=True).start()
    peers = next(a.peers for a in site.cluster.agents.values() if a.peers.links)  # type: ignore[attr-defined]
    assert isinstance(peers, LoopbackPeers)
    for _ in range(500):
        if not peers.links[peer].is_open:
            return
        threading.Event().wait(0.01)


@pytest.mark.parametrize("how", ["driver dies", "peer dies", "session lost"])
@pytest.mark.parametrize("moment", ["step_begin", "step_end"])
@pytest.mark.parametrize("step", FORWARD)
@pytest.mark.parametrize("verb", ["switch", "takeover"])
def test_a_move_that_is_cut_at_any_step_is_put_right_from_either_node(
    tmp_path: Path, verb: str, step: str, moment: str, how: str
) -> None:
    site = Site(tmp_path)
    driver, peer = ("n1", "n2") if verb == "switch" else ("n2", "n1")
    try:
        run = site.move(driver, verb, on_event=_at(step, moment, lambda: _cut(site, how, peer)))
    except PowerCutError:
        site.cluster.cut(driver)
        assert site.cluster.agents[driver].journal.open_runs("svc")
    else:
        assert how != "driver dies"
        if run.outcomes["svc"] is RunOutcome.DONE:
            assert moment == "step_end"  # it was the last one
    assert not site.was_twice
    assert len(site.places) <= 1
    # From the one and from the other node, by turns.
    where = ("n1", "n2")[(FORWARD.index(step) + (moment == "step_end")) % 2]
    recovered = site.recover(where)
    assert recovered.outcomes == {"svc": RunOutcome.DONE}, recovered.notes
    assert not site.was_twice
    assert list(site.places.values()) == [ALL]
    assert site.is_settled()
    again = site.recover("n2" if where == "n1" else "n1")
    assert [note.code for note in again.notes] == ["nothing_to_recover"]


@pytest.mark.parametrize("moment", ["step_begin", "step_end"])
@pytest.mark.parametrize(
    "step", ["stop svc/container#0 on n2", "stop svc/disk#1 on n2", "start svc/disk#1", "start svc/container#0"]
)
@pytest.mark.parametrize("where", ["n1", "n2"])
def test_a_way_back_that_is_cut_goes_back_all_the_way(tmp_path: Path, step: str, moment: str, where: str) -> None:
    site = Site(tmp_path)
    site.fails("n2", "svc.container#0", "start")

    def listen(event: Event) -> None:
        if event.kind.value == moment and event.step == step and event.data.get("way_back"):
            raise PowerCutError

    with pytest.raises(PowerCutError):
        site.move("n1", on_event=listen)
    site.cluster.cut("n1")
    recovered = site.recover(where)
    assert recovered.outcomes == {"svc": RunOutcome.DONE}
    assert "undoing the switch by ann" in recovered.notes[0].text
    assert site.places == {"n1": ALL}
    assert not site.was_twice
    assert site.is_settled()


def test_a_recovery_that_is_cut_is_recovered_in_the_same_direction(site: Site) -> None:
    site.fails("n2", "svc.container#0", "start")

    def on_the_way_back(event: Event) -> None:
        if event.kind.value == "step_begin" and event.data.get("way_back"):
            raise PowerCutError

    with pytest.raises(PowerCutError):
        site.move("n1", on_event=on_the_way_back)
    site.cluster.cut("n1")
    with pytest.raises(PowerCutError):
        site.recover("n2", on_event=_at("start svc/disk#1 on n1", "step_end", _power_cut))
    site.cluster.cut("n2")
    assert site.places == {"n1": {"svc.disk#1"}}
    assert site.recover("n1").outcomes == {"svc": RunOutcome.DONE}
    assert site.places == {"n1": ALL}
    assert site.is_settled()


@pytest.mark.parametrize(("where", "lost"), [("n1", "n2"), ("n2", "n1")])
@pytest.mark.parametrize("step", FORWARD)
def test_recover_starts_nothing_while_the_other_node_is_silent_until_it_is_declared_dead(
    tmp_path: Path, step: str, where: str, lost: str
) -> None:
    site = Site(tmp_path)
    with pytest.raises(PowerCutError):
        site.move("n1", on_event=_at(step, "step_end", _power_cut))
    site.cluster.cut("n1")
    before = site.places
    site.cluster.silent.add(lost)
    with pytest.raises(Vetoed, match=f"{lost}, a node of the run"):
        site.recover(where)
    assert site.places == before
    for path in (site.folder / lost / "tmp/platform").glob("svc.*[01]"):
        path.unlink()  # it is off
    dead = (Evidence(lost, NodeState.FENCED, "ann"),)
    assert site.recover(where, evidence=dead).outcomes == {"svc": RunOutcome.DONE}
    assert site.places == {where: ALL}
    # It comes back, and is told that all is well.
    site.cluster.silent.clear()
    site.recover(lost)
    assert site.places == {where: ALL}
    assert site.is_settled()


def test_a_run_that_was_cut_is_left_alone_where_it_runs_on_a_third_node_by_now(site: Site) -> None:
    with pytest.raises(PowerCutError):
        site.move("n1", on_event=_at("stop svc/disk#1", "step_end", _power_cut))
    site.cluster.cut("n1")
    for name in ALL:
        (site.folder / "d1/tmp/platform" / name).touch()
    run = site.recover("n2")
    assert "runs on d1 now" in run.notes[0].text
    assert site.places == {"d1": ALL}
    assert site.is_settled()


def test_a_session_that_is_gone_before_the_run_begins_refuses(site: Site) -> None:
    agent = site.agent("n1")
    plan = agent.plan_move("switch", [agent.load("svc")], "n2")
    site.cluster.silent.add("n2")
    agent.peers.close()
    with pytest.raises(PeerError):
        agent.run(plan, evidence=(Evidence("n2", NodeState.FENCED, "ann"),))
    assert site.places == {"n1": ALL}


# -- faults inside a step ---------------------------------------------------------------------------------------------


def test_a_session_that_is_lost_ends_the_command_there_and_both_journals_say_cut(site: Site) -> None:
    knob(site.folder / "n2", "svc.container#0.start", "sleep", "600")
    cut = threading.Thread(target=site.cluster.cut, args=("n2",))

    def listen(event: Event) -> None:
        if event.kind is EventKind.COMMAND_BEGIN and event.data["argv"] == ["sleep", "600"]:
            cut.start()

    run = site.move("n1", on_event=listen)
    cut.join()
    # It may still come up there, for all that can be told: nothing starts again here.
    assert run.outcomes == {"svc": RunOutcome.UNKNOWN}
    assert run.result("start svc/container#0 on n2").lost_changes
    assert site.places == {"n2": {"svc.disk#1"}}
    there = site.cluster.agents["n2"].history("svc")[0]
    assert (there.id, there.outcome) == (run.id, "interrupted")
    assert [(step.rid, step.state) for step in there.steps] == [("disk#1", "done"), ("container#0", "cancelled")]
    (sleep,) = [each for each in site.cluster.agents["n2"].commands(run.id) if each.argv == ("sleep", "600")]
    assert sleep.ended
    (site.folder / "n2/tmp/platform/svc.container#0.start").unlink()
    # Once a lost start can no longer take effect, or is waited for, it goes back.
    recovered = site.recover("n2")
    assert recovered.outcomes == {"svc": RunOutcome.UNKNOWN}
    for agent in site.cluster.agents.values():
        agent.limits = evolve(agent.limits, settle=0.0)
    run = site.cluster.agents["n2"].recover("svc", wait=0.0)
    assert run.outcomes == {"svc": RunOutcome.DONE}
    assert site.places == {"n1": ALL}
    assert site.is_settled()


def test_a_start_that_hangs_there_ends_by_its_limit_there_and_says_so_here(tmp_path: Path) -> None:
    site = Site(tmp_path, TEXT.replace("[container#0]\ntype = file", "[container#0]\ntype = file\nstart_timeout = 1"))
    knob(site.folder / "n2", "svc.container#0.start", "true")  # it never comes up
    run = site.move("n1")
    failed = run.result("start svc/container#0 on n2")
    assert failed.state is StepState.TIMEOUT
    assert "n2: waited" in failed.text
    assert run.outcomes == {"svc": RunOutcome.FAILED}
    assert site.places == {"n1": ALL}


def test_nothing_is_done_for_a_session_that_does_not_hold_the_lock(site: Site) -> None:
    peers = LoopbackPeers(site.cluster, "n1")
    data = {
        "run": "r1", "action": "stop", "services": ["svc"], "steps": [], "evidence": {}, "permits": [], "wait": 0,
        "is_dry": False,
    }  # fmt: skip
    with pytest.raises(OpenSVCError, match="does not hold the lock of svc"):
        peers.link("n2").request("check", data, timeout=5)
    with pytest.raises(OpenSVCError, match="does not hold the lock of svc"):
        peers.link("n2").request("graph", {"service": "svc", "recovers": True, "run": "", "wait": 0}, timeout=5)
    for operation in ("begin", "step", "verify"):
        with pytest.raises(OpenSVCError, match="knows of no such run"):
            peers.link("n2").request(operation, {"run": "r1"}, timeout=5)


RUNNER = """
import os, signal, sys
from pathlib import Path
from tests.opensvc_core.cluster.loopback import Cluster
folder, fatal = Path(sys.argv[1]), sys.argv[2]
cluster = Cluster(folder)
for node in ("n1", "n2", "d1"):
    cluster.open(node)
agent = cluster.agents["n1"]
def tell(event):
    if event.kind.value == "command_begin" and event.data["changes"] and event.step == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
agent.run(agent.plan_move("switch", [agent.load("svc")], "n2"), on_event=tell)
"""


@pytest.mark.parametrize("step", [*FORWARD[:2], *(f"{step} on n2" for step in FORWARD[2:])])
def test_a_power_cut_of_both_nodes_amid_a_command_is_put_right(site: Site, step: str) -> None:
    done = subprocess.run([sys.executable, "-c", RUNNER, str(site.folder), step], cwd=TREE, check=False)
    assert done.returncode == -signal.SIGKILL
    recovered = site.recover("n2")
    assert recovered.outcomes == {"svc": RunOutcome.DONE}, recovered.notes
    assert list(site.places.values()) == [ALL]
    assert not site.was_twice
    assert site.is_settled()


def test_a_node_that_was_not_told_of_the_end_is_told_by_a_recovery_and_nothing_moves(site: Site) -> None:
    def listen(event: Event) -> None:
        if event.kind is EventKind.STEP_END and event.step == "start svc/container#0 on n2":
            _cut(site, "session lost", "n2")

    run = site.move("n1", on_event=listen)
    assert run.outcomes == {"svc": RunOutcome.DONE}
    assert "peer_untold" in {note.code for note in run.notes}
    assert site.outcomes("n2") == [("switch", "interrupted")]
    # Meanwhile it went back by hand: the recovery of what had ended well must not bring it there again.
    for name in ALL:
        (site.folder / "n2/tmp/platform" / name).rename(site.folder / "n1/tmp/platform" / name)
    recovered = site.recover("n2")
    assert "had ended: done" in recovered.notes[0].text
    assert site.places == {"n1": ALL}
    assert site.is_settled()


@pytest.mark.parametrize(("lasting", "code"), [(1, ""), (2, "up_twice")])
def test_a_service_that_moves_while_it_is_looked_for_is_not_taken_for_up_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lasting: int, code: str
) -> None:
    site = Site(tmp_path)
    real, asked = LoopbackPeers.ask, []

    def ask(peers: LoopbackPeers, service: Service, nodes: Sequence[str]) -> tuple[Evidence, ...]:
        # As another run leaves the node in the meantime, or not.
        asked.append(nodes)
        is_there = len(asked) <= lasting
        found = real(peers, service, nodes)
        return tuple(evolve(each, state=NodeState.UP) if each.node == "d1" and is_there else each for each in found)

    monkeypatch.setattr(LoopbackPeers, "ask", ask)
    agent = site.agent("n2")
    if code:
        with pytest.raises(PlanError) as refused:
            agent.plan_move("switch", [agent.load("svc")], "n2")
        assert refused.value.code == code
    else:
        plan = agent.plan_move("switch", [agent.load("svc")], "n2")
        assert plan.steps[0].id.endswith(" on n1")
    assert len(asked) == 2


def test_a_guest_that_is_on_two_nodes_while_a_run_moves_it_is_told_by_that_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A live migration has it on both: to stop it on all nodes but one would be the wrong thing to do."""
    site = Site(tmp_path)
    real = LoopbackPeers.ask

    def ask(peers: LoopbackPeers, service: Service, nodes: Sequence[str]) -> tuple[Evidence, ...]:
        found = real(peers, service, nodes)
        return tuple(evolve(each, state=NodeState.UP) if each.node == "d1" else each for each in found)

    monkeypatch.setattr(LoopbackPeers, "ask", ask)
    agent = site.agent("n2")
    holder = Holder(1, "alice on n1", "migrate", 1.0)
    lock = hold_lock(agent.node.folders.lock, "svc", holder, wait=0, clock=agent.clock, cancel=Cancel())
    with lock, pytest.raises(Locked, match="migrate by alice on n1"):
        agent.plan_move("switch", [agent.load("svc")], "n2")
    with pytest.raises(PlanError, match="up on several nodes"):
        agent.plan_move("switch", [agent.load("svc")], "n2")
