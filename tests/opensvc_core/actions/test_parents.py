"""A service whose parents are not up, here or elsewhere, does not start."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_core.api import Vetoed
from opensvc_core.run import RunOutcome
from tests.opensvc_core.actions.files_platform import open_files_agent, up, write_service

DB = "[default]\nnodes = n1\n[app#0]\ntype = file\n"
WEB = "[default]\nnodes = n1\nparents = db\n[app#0]\ntype = file\n"


def test_a_parent_that_is_down_forbids_a_start_until_it_is_up(tmp_path: Path) -> None:
    write_service(tmp_path, "db", DB)
    write_service(tmp_path, "web", WEB)
    agent = open_files_agent(tmp_path)
    plan = agent.plan("start", [agent.load("web")])
    with pytest.raises(Vetoed) as caught:
        agent.run(plan)
    assert [(veto.code, veto.subject, veto.is_liftable) for veto in caught.value.vetoes] == [
        ("parent_down", "web", True)
    ]
    assert [veto.code for veto in agent.preview(plan).vetoes] == ["parent_down"]
    agent.run(agent.plan("start", [agent.load("db")]))
    assert agent.run(plan).outcomes == {"web": RunOutcome.DONE}


def test_a_permit_lifts_it_and_a_parent_that_is_not_known_is_told(tmp_path: Path) -> None:
    write_service(tmp_path, "web", WEB)
    agent = open_files_agent(tmp_path)
    plan = agent.plan("start", [agent.load("web")])
    with pytest.raises(Vetoed, match="does not know"):
        agent.run(plan)
    assert agent.run(plan, permits={"parent_down"}).outcomes == {"web": RunOutcome.DONE}
    assert up(tmp_path) == {"web.app#0"}


def test_a_parent_in_the_same_run_is_started_first(tmp_path: Path) -> None:
    write_service(tmp_path, "db", DB)
    write_service(tmp_path, "web", WEB)
    agent = open_files_agent(tmp_path)
    run = agent.run(agent.plan("start", [agent.load("web"), agent.load("db")]))
    assert [result.step.id for result in run.results] == ["start db/app#0", "start web/app#0"]
    assert up(tmp_path) == {"db.app#0", "web.app#0"}
