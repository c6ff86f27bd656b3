"""Live migrations of agents in one process: the order, the way back, what a cut at any step leaves to a recovery."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from opensvc_core.actions.agent import Agent
from opensvc_core.actions.drain import drain
from opensvc_core.actions.execute import RunOptions
from opensvc_core.actions.freeze import mark_drained, unmark_drained
from opensvc_core.api import Cancel, Event, EventKind, Evidence, NodeState, PlanError, Vetoed
from opensvc_core.cli.manner import Limits, Manner
from opensvc_core.cli.moving import move_services
from opensvc_core.cli.options import Format
from opensvc_core.errors import ExitStatus
from opensvc_core.run import Run, RunOutcome
from tests.opensvc_core.actions.files_platform import knob
from tests.opensvc_core.actions.moving_platform import MovingCluster
from tests.opensvc_core.actions.test_moves import PowerCutError

TEXT = """[default]
nodes = n1 n2
[disk#1]
type = shared
scsireserv = true
[container#0]
type = moving
"""
ALL = {"svc.disk#1", "svc.container#0"}
FORWARD = [
    "join svc/disk#1pr on n2",
    "admit svc/disk#1",
    "join svc/disk#1 on n2",
    "join svc/container#0 on n2",
    "migrate svc/container#0",
    "settle svc/container#0 on n2",
    "leave svc/disk#1",
    "settle svc/disk#1pr on n2",
    "settle svc/disk#1 on n2",
    "leave svc/disk#1pr",
]


class Site:
    """Two nodes with one service, whose guest is up on the first."""

    def __init__(self, folder: Path, text: str = TEXT) -> None:
        self.folder = folder
        cluster = MovingCluster.of(folder, text, "n1", "n2")
        assert isinstance(cluster, MovingCluster)
        self.cluster = cluster
        agent = self.cluster.agents["n1"]
        agent.run(agent.plan("start", [agent.load("svc")]))

    def agent(self, node: str) -> Agent:
        return self.cluster.open(node)

    def migrate(self, node: str = "n1", to: str = "n2", **options: object) -> Run:
        agent = self.agent(node)
        return agent.run(agent.plan_move("migrate", [agent.load("svc")], to), wait=0.0, **options)  # type: ignore[arg-type]

    def recover(self, node: str) -> Run:
        for each in list(self.cluster.agents):
            self.agent(each)
        return self.cluster.agents[node].recover("svc", wait=0.0)

    @property
    def places(self) -> dict[str, set[str]]:
        return {node: up for node in self.cluster.agents if (up := self.cluster.up(node))}

    @property
    def tags(self) -> set[str]:
        path = self.folder / "svc.disk#1.tags"
        return set(path.read_text().split()) if path.exists() else {"n1"}

    def is_settled(self) -> bool:
        return not any(agent.journal.unrecovered(["svc"]) for agent in self.cluster.agents.values())


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_guest_goes_over_and_both_journals_tell(site: Site) -> None:
    run = site.migrate()
    assert run.outcomes == {"svc": RunOutcome.DONE}
    assert [result.step.id for result in run.results] == FORWARD
    assert site.places == {"n2": ALL}
    assert site.tags == {"n2"}
    assert (site.cluster.holder, site.cluster.writers) == ("n2", {"n2"})
    assert [(a.history("svc")[0].action, a.history("svc")[0].outcome) for a in site.cluster.agents.values()] == [
        ("migrate", "done")
    ] * 2


@pytest.mark.parametrize(("node", "name"), [("n2", "svc.disk#1.join"), ("n1", "svc.container#0.migrate")])
def test_a_step_that_fails_leaves_the_guest_and_its_disk_as_they_were(site: Site, node: str, name: str) -> None:
    knob(site.folder / node, name, "ls", "/no/such/place")
    run = site.migrate()
    assert run.outcomes == {"svc": RunOutcome.FAILED}
    (site.folder / node / "tmp/platform" / name).unlink()
    assert site.places == {"n1": ALL}
    assert site.tags == {"n1"}
    assert (site.cluster.holder, site.cluster.writers) == ("n1", {"n1"})
    assert run.rollback[-1].step.id == "settle svc/disk#1"


def test_nothing_is_undone_once_the_guest_is_there_and_a_recovery_finishes_it(site: Site) -> None:
    knob(site.folder / "n1", "svc.disk#1.leave", "ls", "/no/such/place")
    run = site.migrate()
    assert run.outcomes == {"svc": RunOutcome.UNKNOWN}
    (site.folder / "n1/tmp/platform/svc.disk#1.leave").unlink()
    assert site.places == {"n1": {"svc.disk#1"}, "n2": ALL}
    assert site.recover("n1").outcomes == {"svc": RunOutcome.DONE}
    assert site.places == {"n2": ALL}
    assert site.tags == {"n2"}
    assert site.is_settled()


def test_a_guest_that_runs_elsewhere_is_not_migrated_from_here(site: Site) -> None:
    site.migrate()
    with pytest.raises(PlanError, match="this node"):
        site.migrate("n1", "n1")
    with pytest.raises(Vetoed) as refused:
        site.migrate("n1", "n2")
    assert "up_elsewhere" in {veto.code for veto in refused.value.vetoes}
    assert site.places == {"n2": ALL}


def test_a_service_with_a_disk_of_its_own_node_is_vetoed_and_nothing_is_begun(tmp_path: Path) -> None:
    site = Site(tmp_path, TEXT + "[fs#1]\ntype = file\n[disk#2]\ntype = file\n")
    with pytest.raises(Vetoed) as refused:
        site.migrate()
    assert {veto.code for veto in refused.value.vetoes} == {"mounted_on_node", "disk_not_shared"}
    assert [record.action for record in site.cluster.agents["n1"].history("svc")] == ["start"]


def _or_restart(site: Site, capsys: pytest.CaptureFixture[str], form: Format = Format.PLAIN) -> tuple[int, str]:
    """Exit status of `osvc migrate --or-restart`, and what it prints."""
    status = move_services(site.agent("n1"), "migrate", ["svc"], "n2", Limits(wait=0.0), Manner(form), or_restart=True)
    return status, capsys.readouterr().out


def test_what_cannot_be_migrated_is_switched_only_when_asked_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = Site(tmp_path, TEXT + "[fs#1]\ntype = file\n")
    agent = site.agent("n1")
    with pytest.raises(Vetoed):
        move_services(agent, "migrate", ["svc"], "n2", Limits(wait=0.0), Manner(Format.PLAIN))
    assert site.places == {"n1": ALL | {"svc.fs#1"}}
    status, said = _or_restart(site, capsys)
    assert (status, site.places) == (0, {"n2": ALL | {"svc.fs#1"}})
    assert "stop svc/container#0" in said
    assert "migrate" not in said


@pytest.mark.parametrize("form", [Format.PLAIN, Format.JSON])
def test_a_migration_that_fails_is_taken_back_and_switched_when_asked_to(
    site: Site, form: Format, capsys: pytest.CaptureFixture[str]
) -> None:
    knob(site.folder / "n1", "svc.container#0.migrate", "ls", "/no/such/place")
    status, said = _or_restart(site, capsys, form)
    (site.folder / "n1/tmp/platform/svc.container#0.migrate").unlink()
    assert (status, site.places) == (0, {"n2": ALL})
    actions = [record.action for record in site.cluster.agents["n1"].history("svc")]
    assert actions == ["switch", "migrate", "start"]
    if form is Format.JSON:
        assert json.loads(said)["action"] == "switch"


def test_a_migration_whose_end_is_unknown_is_followed_by_no_switch(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    knob(site.folder / "n1", "svc.disk#1.leave", "ls", "/no/such/place")
    assert _or_restart(site, capsys)[0] == ExitStatus.UNKNOWN
    (site.folder / "n1/tmp/platform/svc.disk#1.leave").unlink()
    assert site.places == {"n1": {"svc.disk#1"}, "n2": ALL}
    assert [record.action for record in site.cluster.agents["n1"].history("svc")] == ["migrate", "start"]


def test_a_veto_of_the_switch_stands_when_a_restart_was_asked_for(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    mark_drained(site.cluster.agents["n2"].node)
    knob(site.folder / "n1", "svc.container#0.migrate", "ls", "/no/such/place")
    with pytest.raises(Vetoed) as refused:
        _or_restart(site, capsys)
    assert {veto.code for veto in refused.value.vetoes} == {"node_drained"}
    (site.folder / "n1/tmp/platform/svc.container#0.migrate").unlink()
    assert site.places == {"n1": ALL}


def test_a_drain_migrates_what_can_go_and_switches_what_cannot(site: Site) -> None:
    rounds = drain(site.agent("n1"), RunOptions(wait=0.0), is_live=True)
    assert ([run.action for run in rounds.runs], site.places) == (["migrate"], {"n2": ALL})
    unmark_drained(site.cluster.agents["n1"].node)
    knob(site.folder / "n2", "svc.container#0.migrate", "ls", "/no/such/place")
    shown = drain(site.agent("n2"), RunOptions(wait=0.0), is_live=True, is_dry=True).previews
    assert [each.plan.action for each in shown] == ["migrate"]
    rounds = drain(site.agent("n2"), RunOptions(wait=0.0), is_live=True)
    assert rounds.refused == {}
    assert [(run.action, run.outcomes["svc"].value) for run in rounds.runs] == [
        ("migrate", "failed"),
        ("switch", "done"),
    ]
    (site.folder / "n2/tmp/platform/svc.container#0.migrate").unlink()
    assert site.places == {"n1": ALL}


def test_nothing_goes_to_a_node_that_is_drained_and_it_may_leave_one(site: Site) -> None:
    mark_drained(site.cluster.agents["n2"].node)
    with pytest.raises(Vetoed) as refused:
        site.migrate()
    assert {veto.code for veto in refused.value.vetoes} == {"node_drained"}
    unmark_drained(site.cluster.agents["n2"].node)
    mark_drained(site.cluster.agents["n1"].node)
    assert site.migrate().outcomes == {"svc": RunOutcome.DONE}


def _at(step: str, kind: EventKind) -> Callable[[Event], None]:
    def listen(event: Event) -> None:
        if event.kind is kind and event.step == step:
            raise PowerCutError

    return listen


@pytest.mark.parametrize("kind", [EventKind.STEP_BEGIN, EventKind.STEP_END])
@pytest.mark.parametrize("step", FORWARD)
def test_a_migration_that_is_cut_at_any_step_is_put_right_from_either_end(
    site: Site, step: str, kind: EventKind
) -> None:
    with pytest.raises(PowerCutError):
        site.migrate(on_event=_at(step, kind))
    guests = [each for each, up in site.places.items() if "svc.container#0" in up]
    assert len(guests) == 1
    assert site.cluster.holder in {"n1", "n2"}
    # From the one and from the other end, by turns.
    run = site.recover(("n1", "n2")[(FORWARD.index(step) + (kind is EventKind.STEP_END)) % 2])
    assert run.outcomes == {"svc": RunOutcome.DONE}
    # Where the guest was is where it stays: it is neither moved nor stopped by a recovery.
    assert site.places == {guests[0]: ALL}
    assert site.tags == {guests[0]}
    assert (site.cluster.holder, site.cluster.writers) == (guests[0], {guests[0]})
    assert site.is_settled()


@pytest.mark.parametrize(("dead", "step"), [("n2", "migrate svc/container#0"), ("n1", "settle svc/container#0 on n2")])
def test_a_node_that_died_in_a_migration_is_declared_dead_and_the_guest_stays_where_it_is(
    site: Site, dead: str, step: str
) -> None:
    with pytest.raises(PowerCutError):
        site.migrate(on_event=_at(step, EventKind.STEP_BEGIN))
    here = "n1" if dead == "n2" else "n2"
    site.cluster.silent.add(dead)
    with pytest.raises(Vetoed):
        site.recover(here)
    agent = site.agent(here)
    run = agent.recover("svc", wait=0.0, evidence=(Evidence(dead, NodeState.FENCED, "ann"),))
    assert run.outcomes == {"svc": RunOutcome.DONE}
    assert site.cluster.up(here) == ALL


@pytest.mark.parametrize("node", ["n1", "n2"])
def test_a_guest_that_died_in_a_migration_is_started_again_at_the_source(site: Site, node: str) -> None:
    with pytest.raises(PowerCutError):
        site.migrate(on_event=_at("leave svc/disk#1", EventKind.STEP_BEGIN))
    (site.folder / "n2/tmp/platform/svc.container#0").unlink()
    assert site.recover(node).outcomes == {"svc": RunOutcome.DONE}
    assert site.places == {"n1": ALL}
    assert site.is_settled()


def test_a_hypervisor_that_has_not_yet_seen_that_the_migration_is_over_is_asked_again(site: Site) -> None:
    with pytest.raises(PowerCutError):
        site.migrate(on_event=_at("migrate svc/container#0", EventKind.STEP_BEGIN))
    paused = site.folder / "n2/tmp/platform/svc.container#0.paused"
    paused.write_text("once\ntwice\n")
    run = site.recover("n1")
    assert run.outcomes == {"svc": RunOutcome.DONE}
    assert paused.read_text() == ""
    paused.unlink()
    assert site.places == {"n1": ALL}
    assert site.is_settled()


def test_a_guest_that_stays_paused_at_the_destination_is_refused_when_the_wait_is_cancelled(site: Site) -> None:
    with pytest.raises(PowerCutError):
        site.migrate(on_event=_at("migrate svc/container#0", EventKind.STEP_BEGIN))
    paused = site.folder / "n2/tmp/platform/svc.container#0.paused"
    paused.write_text("again\n" * 1000)
    cancel = Cancel()
    site.agent("n1")
    agent = site.agent("n1")
    stop = threading.Thread(target=_cancel_once_asked, args=(paused, cancel))
    stop.start()
    with pytest.raises(Vetoed) as refused:
        agent.recover("svc", wait=0.0, cancel=cancel)
    stop.join()
    assert [veto.code for veto in refused.value.vetoes] == ["guest_in_doubt"]
    paused.unlink()
    assert site.places == {"n1": ALL, "n2": {"svc.disk#1"}}


def _cancel_once_asked(paused: Path, cancel: Cancel) -> None:
    """Set the token when the guest was asked for twice."""
    while len(paused.read_text().splitlines()) > 998:
        time.sleep(0.01)
    cancel.set("enough")


def test_nothing_is_done_about_a_guest_that_is_on_both_nodes(site: Site) -> None:
    with pytest.raises(PowerCutError):
        site.migrate(on_event=_at("leave svc/disk#1", EventKind.STEP_BEGIN))
    (site.folder / "n1/tmp/platform/svc.container#0").touch()
    with pytest.raises(Vetoed) as refused:
        site.recover("n1")
    assert [veto.code for veto in refused.value.vetoes] == ["guest_in_doubt"]
    assert site.places == {"n1": ALL, "n2": ALL}
