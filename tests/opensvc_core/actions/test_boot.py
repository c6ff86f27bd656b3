"""Boot and shutdown of a node: what a crash left, what starts here, what is vetoed, and that each stands for itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from opensvc_core.actions.agent import Agent
from opensvc_core.actions.execute import RunOptions
from opensvc_core.actions.freeze import freeze_node, mark_drained
from opensvc_core.actions.histories import starting_here
from opensvc_core.actions.rounds import Rounds
from opensvc_core.actions.status import ask
from opensvc_core.api import EventKind, ResourceId, Status, StatusReport
from opensvc_core.errors import Vetoed
from opensvc_core.run import RunOutcome
from tests.opensvc_core.actions.files_platform import knob, open_files_agent, up, write_service
from tests.opensvc_core.actions.test_reservations import node
from tests.opensvc_core.cluster.loopback import Cluster
from tests.opensvc_core.spc_model import Target

HERE = "[default]\nnodes = n1\nautostart_node = n1\n[app#0]\ntype = file\n"
STANDBY = "[default]\nnodes = n1\n[fs#1]\ntype = file\nalways_on = nodes\n[app#0]\ntype = file\n"
PAIR = """[default]
nodes = n1 n2
drpnodes = d1
autostart_node = n1
service_type = DEV
[container#0]
type = file
"""


def _codes(rounds: Rounds, name: str) -> list[str]:
    error = rounds.refused[name]
    return [veto.code for veto in error.vetoes] if isinstance(error, Vetoed) else [error.code]


# -- what starts ------------------------------------------------------------------------------------------------------


def test_services_that_name_this_node_start_and_of_the_others_what_is_on_standby(tmp_path: Path) -> None:
    write_service(tmp_path, "here", HERE)
    write_service(tmp_path, "other", STANDBY)
    agent = open_files_agent(tmp_path)
    rounds = agent.boot()
    assert up(tmp_path) == {"here.app#0", "other.fs#1"}
    assert rounds.exit_status == 0
    assert [record.action for record in agent.history("here")] == ["boot"]
    assert [record.action for record in agent.history("other")] == ["startstandby"]


def test_one_that_fails_keeps_no_other_and_its_standby_resources_come_up(tmp_path: Path) -> None:
    write_service(tmp_path, "bad", STANDBY.replace("nodes = n1\n[", "nodes = n1\nautostart_node = n1\n["))
    write_service(tmp_path, "good", HERE)
    write_service(tmp_path, "broken", "[default]\nnodes = n1\nnosuch = 1\n")
    knob(tmp_path, "bad.app#0.start", "ls", "/no/such/place")
    rounds = open_files_agent(tmp_path).boot()
    assert up(tmp_path) == {"good.app#0", "bad.fs#1"}
    assert rounds.runs[0].outcomes == {"bad": RunOutcome.FAILED, "good": RunOutcome.DONE}
    assert set(rounds.refused) == {"broken"}
    assert rounds.exit_status != 0


def test_a_veto_on_one_keeps_no_other_and_its_child_is_told_why(tmp_path: Path) -> None:
    write_service(tmp_path, "db", HERE)
    write_service(tmp_path, "web", HERE.replace("[app#0]", "parents = db\n[app#0]"))
    write_service(tmp_path, "good", HERE)
    (tmp_path / "tmp/platform").mkdir(parents=True)
    (tmp_path / "tmp/platform/db.app#0.veto-start").write_text("never")
    rounds = open_files_agent(tmp_path).boot()
    assert up(tmp_path) == {"good.app#0"}
    assert (_codes(rounds, "db"), _codes(rounds, "web")) == (["never"], ["parent_down"])
    assert rounds.exit_status == Vetoed.exit_status


def test_parents_come_first_in_the_one_run(tmp_path: Path) -> None:
    write_service(tmp_path, "a", HERE.replace("[app#0]", "parents = b\n[app#0]"))
    write_service(tmp_path, "b", HERE)
    (run,) = open_files_agent(tmp_path).boot().runs
    assert [result.step.id for result in run.results] == ["start b/app#0", "start a/app#0"]


def test_a_boot_that_is_called_again_changes_nothing(tmp_path: Path) -> None:
    write_service(tmp_path, "here", HERE)
    open_files_agent(tmp_path).boot()
    (run,) = open_files_agent(tmp_path).boot().runs
    assert {result.state.value for result in run.results} == {"unchanged"}


@pytest.mark.parametrize("what", ["frozen node", "drained node", "frozen service"])
def test_what_is_frozen_or_drained_starts_nothing(tmp_path: Path, what: str) -> None:
    write_service(tmp_path, "here", HERE)
    agent = open_files_agent(tmp_path)
    if what == "frozen service":
        agent.freeze(["here"])
    else:
        (freeze_node if what == "frozen node" else mark_drained)(agent.node)
    rounds = agent.boot()
    assert up(tmp_path) == set()
    assert rounds.runs == []
    assert [note.code for note in rounds.notes] == ["node_drained" if what == "drained node" else "frozen"]


def test_a_drained_node_refuses_a_start_and_not_a_stop(tmp_path: Path) -> None:
    write_service(tmp_path, "here", HERE)
    agent = open_files_agent(tmp_path)
    agent.run(agent.plan("start", [agent.load("here")]))
    mark_drained(agent.node)
    with pytest.raises(Vetoed, match="node_drained"):
        agent.run(agent.plan("start", [agent.load("here")]))
    agent.run(agent.plan("stop", [agent.load("here")]))
    assert up(tmp_path) == set()


# -- other nodes ------------------------------------------------------------------------------------------------------


def _cluster(tmp_path: Path, text: str = PAIR) -> Cluster:
    return Cluster.of(tmp_path, text, "n1", "n2", "d1")


def test_it_starts_where_all_nodes_say_that_it_is_down(tmp_path: Path) -> None:
    cluster = _cluster(tmp_path)
    assert cluster.agents["n1"].boot().refused == {}
    assert cluster.up("n1") == {"svc.container#0"}


@pytest.mark.parametrize("elsewhere", ["n2", "d1"])
def test_it_does_not_start_while_another_node_runs_it(tmp_path: Path, elsewhere: str) -> None:
    cluster = _cluster(tmp_path)
    knob(cluster.agents[elsewhere].node.folders.root, "svc.container#0")
    assert _codes(cluster.agents["n1"].boot(), "svc") == ["up_elsewhere"]
    assert cluster.up("n1") == set()


def test_a_disaster_recovery_node_that_cannot_be_reached_vetoes_unless_the_service_says_otherwise(
    tmp_path: Path,
) -> None:
    cluster = _cluster(tmp_path / "veto")
    cluster.silent.add("d1")
    assert _codes(cluster.agents["n1"].boot(), "svc") == ["drp_unreachable"]
    assert cluster.up("n1") == set()
    cluster = _cluster(tmp_path / "warn", PAIR.replace("[container", "drp_unreachable = warn\n[container"))
    cluster.silent.add("d1")
    rounds = cluster.agents["n1"].boot()
    assert "drp_unreachable" in {note.code for note in rounds.runs[0].notes}
    assert cluster.up("n1") == {"svc.container#0"}


def test_a_production_node_that_cannot_be_reached_vetoes_whatever_is_said_of_the_others(tmp_path: Path) -> None:
    cluster = _cluster(tmp_path, PAIR.replace("[container", "drp_unreachable = warn\n[container"))
    cluster.silent.add("n2")
    assert _codes(cluster.agents["n1"].boot(), "svc") == ["peer_unknown"]


def test_a_node_that_asks_nobody_starts_only_what_is_its_own(tmp_path: Path) -> None:
    write_service(tmp_path, "svc", PAIR)
    write_service(tmp_path, "own", HERE)
    rounds = open_files_agent(tmp_path).boot()
    assert _codes(rounds, "svc") == ["drp_unreachable", "peer_unknown"]
    assert up(tmp_path) == {"own.app#0"}


def test_only_a_production_node_starts_by_itself(tmp_path: Path) -> None:
    cluster = _cluster(tmp_path)
    assert cluster.agents["d1"].boot().runs == []
    assert cluster.agents["n2"].boot().runs == []


def test_standby_resources_start_while_the_service_runs_elsewhere(tmp_path: Path) -> None:
    text = PAIR.replace("autostart_node = n1\n", "") + "[fs#1]\ntype = file\nalways_on = nodes\n"
    cluster = _cluster(tmp_path, text)
    knob(cluster.agents["n2"].node.folders.root, "svc.container#0")
    assert cluster.agents["n1"].boot().exit_status == 0
    assert cluster.up("n1") == {"svc.fs#1"}


def test_what_is_on_standby_begins_no_generation_of_the_data(tmp_path: Path) -> None:
    write_service(tmp_path, "other", STANDBY)
    agent = open_files_agent(tmp_path)
    service = agent.load("other")
    reports = ask(agent, [agent.graph(service)])
    plans = {action: agent.plan(action, [service]) for action in ("start", "startstandby")}
    began = {action: starting_here(plan, reports, "n1") for action, plan in plans.items()}
    assert began["startstandby"] == []
    reports[ResourceId("other", "app#0")] = StatusReport(Status.UP)
    assert starting_here(plans["start"], reports, "n1") == []


# -- what a crash left ------------------------------------------------------------------------------------------------


@pytest.fixture
def targets() -> dict[str, Target]:
    return {"svc.disk#1": Target()}


def _crash(root: Path, agent: Agent) -> None:
    """What is up is gone with the node's power; the disks keep their registrations."""
    for name in up(root):
        (root / "tmp/platform" / name).unlink()
    agent.node = evolve(agent.node, boot_id="boot-2")


def test_a_holder_that_returns_gives_its_reservation_up_once_a_boot(tmp_path: Path, targets: dict[str, Target]) -> None:
    agent = node(tmp_path, "n1", targets)
    agent.run(agent.plan("start", [agent.load("svc")]))
    _crash(tmp_path / "n1", agent)
    rounds = agent.boot()
    assert targets["svc.disk#1"].registered == {}
    assert targets["svc.disk#1"].holder is None
    assert [record.action for record in agent.history("svc")] == ["boot", "start"]
    assert rounds.exit_status == 0
    assert agent.boot().runs == []


def test_what_another_node_holds_meanwhile_is_not_touched(tmp_path: Path, targets: dict[str, Target]) -> None:
    n1, n2 = node(tmp_path, "n1", targets), node(tmp_path, "n2", targets)
    target = targets["svc.disk#1"]
    n2.run(n2.plan("start", [n2.load("svc")]))
    target.registered[("n1", "a")] = 0x1111
    _crash(tmp_path / "n1", n1)
    before = target.holder
    n1.boot()
    assert set(target.registered) == {("n2", "a")}
    assert target.holder == before


def test_what_this_boot_has_made_is_not_cleaned(tmp_path: Path, targets: dict[str, Target]) -> None:
    agent = node(tmp_path, "n1", targets)
    agent.run(agent.plan("start", [agent.load("svc")]))
    rounds = agent.boot()
    assert set(targets["svc.disk#1"].registered) == {("n1", "a")}
    assert [note.code for note in rounds.notes] == ["not_cleaned"]


def test_a_cleaning_does_not_put_right_a_run_that_was_cut(tmp_path: Path, targets: dict[str, Target]) -> None:
    agent = node(tmp_path, "n1", targets)
    run = agent.run(agent.plan("start", [agent.load("svc")]))
    _crash(tmp_path / "n1", agent)
    agent.journal.end_service(run.id, "svc", RunOutcome.UNKNOWN)
    agent.boot()
    cut = agent.last_cut("svc")
    assert cut is not None
    assert cut.id == run.id


def test_a_frozen_node_is_cleaned_all_the_same(tmp_path: Path, targets: dict[str, Target]) -> None:
    agent = node(tmp_path, "n1", targets)
    agent.run(agent.plan("start", [agent.load("svc")]))
    _crash(tmp_path / "n1", agent)
    freeze_node(agent.node)
    agent.boot()
    assert targets["svc.disk#1"].registered == {}


# -- shutdown ---------------------------------------------------------------------------------------------------------


def test_a_shutdown_stops_everything_children_first_and_frozen_ones_too(tmp_path: Path) -> None:
    write_service(tmp_path, "db", HERE)
    write_service(tmp_path, "web", HERE.replace("[app#0]", "parents = db\n[app#0]"))
    write_service(tmp_path, "other", STANDBY)
    agent = open_files_agent(tmp_path)
    agent.boot()
    agent.freeze(["db"])
    ended: list[str] = []
    options = RunOptions(on_event=lambda e: ended.append(e.step) if e.kind is EventKind.STEP_END else None)
    rounds = agent.shutdown(options)
    assert up(tmp_path) == set()
    assert rounds.exit_status == 0
    assert ended.index("stop web/app#0") < ended.index("stop db/app#0")
    assert agent.history("other")[0].action == "shutdown"


def test_a_service_that_does_not_stop_keeps_no_other_from_it(tmp_path: Path) -> None:
    write_service(tmp_path, "bad", HERE)
    write_service(tmp_path, "good", HERE)
    agent = open_files_agent(tmp_path)
    agent.boot()
    knob(tmp_path, "bad.app#0.stop", "ls", "/no/such/place")
    rounds = agent.shutdown()
    assert up(tmp_path) == {"bad.app#0"}
    assert rounds.exit_status != 0
