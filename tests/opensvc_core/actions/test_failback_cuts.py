"""A failback that is cut at every step is finished or undone by `recover`: never up twice, the good copy kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from opensvc_core.actions.failback import failback_plan
from opensvc_core.errors import PlanError, Vetoed
from opensvc_core.events import Event
from opensvc_core.generation import Order, compare, read_data
from opensvc_core.model import Evidence, NodeState
from opensvc_core.run import Run, RunOutcome
from tests.opensvc_core.actions.files_platform import knob
from tests.opensvc_core.actions.test_failback import DISK, fail_back
from tests.opensvc_core.actions.test_replication import NODES, TEXT, Site
from tests.opensvc_core.world import have_program

pytestmark = pytest.mark.skipif(not have_program("rsync"), reason="rsync is not installed")

TREE = Path(__file__).resolve().parents[3]
STEPS = [
    "stop svc/container#0 on d1",
    "start svc/disk#1",
    "pull svc/sync#1 from d1",
    "stop svc/disk#1 on d1",
    "start svc/container#0",
]
GOOD = {"page": "written after the disaster"}
ALL = {"svc.disk#1", "svc.container#0"}
RUNNER = """
import os, signal, sys
from pathlib import Path
from opensvc_core.actions.failback import failback_plan
from tests.opensvc_core.actions.test_replication import Site
folder, fatal = Path(sys.argv[1]), sys.argv[2]
site = Site(folder)
for node in ("n1", "n2", "d1"):
    site.open(node)
agent = site.agents["n1"]
def tell(event):
    if event.kind.value == "command_begin" and event.data["changes"] and event.step == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
agent.run(failback_plan(agent, [agent.load("svc")]), on_event=tell)
"""


class PowerCutError(BaseException):
    """The node that drives a run is gone: nothing of its process runs any more."""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """The service runs on d1 since a disaster, and was written to there; a guest that starts looks for another one."""
    text = TEXT.format(data=tmp_path / "data").replace("[container#0]", DISK)
    site = Site.of(tmp_path, text, *NODES)
    assert isinstance(site, Site)
    for node in NODES:
        site.data(node).mkdir(parents=True)
        guest = "tmp/platform/svc.container#0"
        there = " || ".join(f"test -e '{tmp_path / other / guest}'" for other in NODES if other != node)
        script = f"({there}) && touch '{tmp_path}/twice'; touch '{tmp_path / node / guest}'"
        knob(tmp_path / node, "svc.container#0.start", "sh", "-c", script)
    (site.data("n1") / "page").write_text("before")
    (site.data("n1") / "old").write_text("taken away there")
    site.start("n1")
    site.sync("n1")
    site.stop("n1")
    site.start("d1")
    (site.data("d1") / "page").write_text(GOOD["page"])
    (site.data("d1") / "old").unlink()
    return site


def cut_at(site: Site, step: str, moment: str, *, is_way_back: bool = False, lost: str = "") -> Run | None:
    """Fail back on n1 until a step begins or ends; then n1 is gone, or the session with d1 is lost."""

    def listen(event: Event) -> None:
        if event.kind.value == moment and event.step == step and bool(event.data.get("way_back")) is is_way_back:
            if not lost:
                raise PowerCutError
            site.cut(lost)

    agent = site.open("n1")
    try:
        return agent.run(failback_plan(agent, [agent.load("svc")]), on_event=listen)
    except PowerCutError:
        return None
    finally:
        site.cut("n1")


def recover(site: Site, node: str, **options: Any) -> Run:
    for each in NODES:
        site.open(each)
    return site.agents[node].recover("svc", wait=5.0, **options)


def places(site: Site) -> dict[str, set[str]]:
    return {node: up for node in NODES if (up := site.up(node))}


def is_settled(site: Site) -> bool:
    return not any(site.open(node).journal.unrecovered(["svc"]) for node in NODES)


def check_well(site: Site) -> None:
    """It is up on one node, all of it, on the good data, and the copy there is the newest."""
    assert not (site.folder / "twice").exists()
    ((where, up),) = places(site).items()
    assert where in {"n1", "d1"}
    assert up == ALL
    assert site.files(where) == GOOD
    assert site.files("d1") == GOOD
    copies = {node: read_data(site.agents[node].node.folders, "svc") for node in ("n1", "d1")}
    other = "d1" if where == "n1" else "n1"
    assert compare(copies[where].generation, copies[other].generation) is Order.AHEAD
    assert not copies[where].incomplete
    assert is_settled(site)
    if where == "d1":
        assert fail_back(site).outcomes == {"svc": RunOutcome.DONE}
        assert places(site) == {"n1": ALL}
        assert site.files("n1") == GOOD
    assert not (site.folder / "twice").exists()


@pytest.mark.parametrize("moment", ["step_begin", "step_end"])
@pytest.mark.parametrize("step", STEPS)
def test_one_that_is_cut_at_any_step_is_put_right_from_any_production_node(site: Site, step: str, moment: str) -> None:
    assert cut_at(site, step, moment) is None
    assert site.files("d1") == GOOD
    where = ("n1", "n2")[(STEPS.index(step) + (moment == "step_end")) % 2]
    recovered = recover(site, where)
    assert recovered.outcomes == {"svc": RunOutcome.DONE}, [note.text for note in recovered.notes]
    has_come = (step, moment) >= (STEPS[2], "step_end") if step == STEPS[2] else STEPS.index(step) > 2
    assert set(places(site)) == ({"n1"} if has_come or where == "n1" else {"d1"})
    check_well(site)
    assert [note.code for note in recover(site, where).notes] == ["nothing_to_recover"]


@pytest.mark.parametrize("step", [STEPS[2], STEPS[4]])
def test_one_whose_session_is_lost_at_any_step_is_put_right(site: Site, step: str) -> None:
    cut_at(site, step, "step_begin", lost="d1")
    assert recover(site, "n2").outcomes == {"svc": RunOutcome.DONE}
    check_well(site)


@pytest.mark.parametrize("step", [STEPS[2], STEPS[4]])
def test_one_that_is_killed_amid_a_command_is_put_right(site: Site, step: str) -> None:
    (site.data("d1") / "big").write_bytes(os.urandom(2_000_000))
    done = subprocess.run([sys.executable, "-c", RUNNER, str(site.folder), step], cwd=TREE, check=False)
    assert done.returncode == -signal.SIGKILL
    assert recover(site, "n1").outcomes == {"svc": RunOutcome.DONE}
    assert places(site) == {"n1": ALL}
    for node in ("n1", "d1"):
        assert (site.data(node) / "page").read_text() == GOOD["page"]
    assert (site.data("n1") / "big").read_bytes() == (site.data("d1") / "big").read_bytes()
    assert not (site.folder / "twice").exists()
    assert is_settled(site)


@pytest.mark.parametrize("step", ["stop svc/disk#1", "start svc/disk#1 on d1", "start svc/container#0 on d1"])
def test_a_way_back_that_is_cut_is_put_right(site: Site, step: str) -> None:
    script = (site.folder / "n1/tmp/platform/svc.container#0.start").read_text()
    knob(site.folder / "n1", "svc.container#0.start", "false")
    assert cut_at(site, step, "step_begin", is_way_back=True) is None
    (site.folder / "n1/tmp/platform/svc.container#0.start").write_text(script)
    assert recover(site, "n2").outcomes == {"svc": RunOutcome.DONE}
    check_well(site)


def test_a_recovery_that_is_cut_is_recovered(site: Site) -> None:
    assert cut_at(site, STEPS[2], "step_begin") is None

    def listen(event: Event) -> None:
        if event.kind.value == "step_end" and event.step == STEPS[2]:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        recover(site, "n1", on_event=listen)
    site.cut("n1")
    assert recover(site, "n2").outcomes == {"svc": RunOutcome.DONE}
    assert places(site) == {"n1": ALL}
    check_well(site)


def test_the_site_itself_takes_it_back_once_home_is_declared_dead(site: Site) -> None:
    assert cut_at(site, STEPS[2], "step_begin") is None
    site.silent.add("n1")
    with pytest.raises(Vetoed, match="n1, a node of the run"):
        recover(site, "d1")
    (site.folder / "n1/tmp/platform/svc.disk#1").unlink()  # it is off
    assert recover(site, "d1", evidence=(Evidence("n1", NodeState.FENCED, "ann"),)).outcomes == {"svc": RunOutcome.DONE}
    assert places(site) == {"d1": ALL}
    site.silent.clear()
    recover(site, "n1")
    check_well(site)


def test_what_runs_at_home_on_data_that_are_not_whole_is_not_pulled_over(site: Site) -> None:
    assert cut_at(site, STEPS[2], "step_begin") is None
    (site.folder / "n1/tmp/platform/svc.container#0").touch()
    with pytest.raises(PlanError, match="not verified down there: container#0 is up"):
        recover(site, "n1")
    assert site.files("n1")["page"] == "before"
