"""The way back from a disaster: the data that were written there come home before the service does."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_core.actions.failback import failback_plan
from opensvc_core.errors import PlanError, Vetoed
from opensvc_core.generation import Order, compare, discard_data, read_data
from opensvc_core.run import Run, RunOutcome
from tests.opensvc_core.actions.test_replication import NODES, TEXT, Site
from tests.opensvc_core.world import have_program

pytestmark = pytest.mark.skipif(not have_program("rsync"), reason="rsync is not installed")

DISK = "[disk#1]\ntype = file\n[container#0]"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """The service ran on n1, was replicated, and runs on d1 since a disaster."""
    text = TEXT.format(data=tmp_path / "data").replace("[container#0]", DISK)
    site = Site.of(tmp_path, text, *NODES)
    assert isinstance(site, Site)
    for node in NODES:
        site.data(node).mkdir(parents=True)
    (site.data("n1") / "page").write_text("before")
    (site.data("n1") / "old").write_text("taken away there")
    site.start("n1")
    site.sync("n1")
    site.stop("n1")
    site.start("d1")
    (site.data("d1") / "page").write_text("written after the disaster")
    (site.data("d1") / "old").unlink()
    return site


def fail_back(site: Site, node: str = "n1", *permits: str) -> Run:
    agent = site.open(node)
    try:
        return agent.run(failback_plan(agent, [agent.load("svc")]), permits=permits)
    finally:
        agent.peers.close()


def test_data_and_service_come_back(site: Site) -> None:
    agent = site.open("n1")
    plan = failback_plan(agent, [agent.load("svc")])
    assert [step.id for step in plan.steps] == [
        "stop svc/container#0 on d1",
        "start svc/disk#1",
        "pull svc/sync#1 from d1",
        "stop svc/disk#1 on d1",
        "start svc/container#0",
    ]
    preview = agent.preview(plan)
    assert preview.vetoes == ()
    assert {step.step.id for step in preview.steps if step.undetermined} >= {"pull svc/sync#1 from d1"}
    assert (site.up("n1"), site.up("d1")) == (set(), {"svc.disk#1", "svc.container#0"})
    run = fail_back(site)
    assert run.outcomes == {"svc": RunOutcome.DONE}, [result.text for result in run.results]
    assert (site.up("n1"), site.up("d1")) == ({"svc.disk#1", "svc.container#0"}, set())
    assert site.files("n1") == {"page": "written after the disaster"}
    copies = {node: read_data(site.agents[node].node.folders, "svc") for node in ("n1", "d1")}
    assert compare(copies["n1"].generation, copies["d1"].generation) is Order.AHEAD
    assert copies["n1"].incomplete == {}
    assert site.sync("n1").outcomes == {"svc": RunOutcome.DONE}


def test_two_histories_are_told_and_nothing_is_stopped(site: Site) -> None:
    site.stop("d1")
    site.start("n1", "copy_stale")
    site.stop("n1")
    site.start("d1", "copy_stale")
    agent = site.open("n1")
    with pytest.raises(PlanError, match="two histories") as caught:
        failback_plan(agent, [agent.load("svc")])
    assert "osvc sync discard svc" in caught.value.hint
    assert site.up("d1") == {"svc.disk#1", "svc.container#0"}
    discard_data(agent.node.folders, "svc")
    assert fail_back(site).outcomes == {"svc": RunOutcome.DONE}
    assert site.files("n1")["page"] == "written after the disaster"


def test_what_fails_on_the_way_starts_again_there_and_is_newer_still(site: Site) -> None:
    (site.folder / "n1/tmp/platform/svc.container#0.start").write_text('["false"]')
    run = fail_back(site)
    assert run.outcomes == {"svc": RunOutcome.FAILED}
    assert (site.up("n1"), site.up("d1")) == (set(), {"svc.disk#1", "svc.container#0"})
    (site.data("d1") / "page").write_text("written later")
    (site.folder / "n1/tmp/platform/svc.container#0.start").unlink()
    assert fail_back(site).outcomes == {"svc": RunOutcome.DONE}
    assert site.files("n1")["page"] == "written later"


def test_a_pull_that_was_cut_forbids_a_start_here(site: Site) -> None:
    (site.data("d1") / "big").write_bytes(b"0123456789abcdef" * 262144)
    site.edit("n1", "target =", "bwlimit = 1000\ntarget =")
    (site.folder / "d1/tmp/gate.slow").touch()
    run = fail_back(site)
    assert run.outcomes == {"svc": RunOutcome.FAILED}
    assert site.up("d1") == {"svc.disk#1", "svc.container#0"}
    site.stop("d1")
    with pytest.raises(Vetoed, match="of two times"):
        site.start("n1", "copy_stale")
    site.edit("n1", "bwlimit = 1000\n", "")
    assert fail_back(site).outcomes == {"svc": RunOutcome.DONE}
    assert (site.data("n1") / "big").stat().st_size == 4194304


def test_only_a_production_node_takes_back_and_only_what_is_newer(site: Site) -> None:
    agent = site.open("d1")
    with pytest.raises(PlanError, match="no production node"):
        failback_plan(agent, [agent.load("svc")])
    assert fail_back(site).outcomes == {"svc": RunOutcome.DONE}
    agent = site.open("n1")
    with pytest.raises(PlanError, match="no disaster-recovery node has newer data"):
        failback_plan(agent, [agent.load("svc")])
