"""What is recorded of states and service files: once each time that they change, in the order of the changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from attrs import evolve

from opensvc_core.actions.agent import Agent
from opensvc_core.actions.recording import look_mark, record_look, state_digest, status_data
from opensvc_core.clock import Cancel
from opensvc_core.errors import JournalError
from opensvc_core.feed import ChangeKind
from opensvc_core.push_stamp import push_stamp, stamp_push, unpushed
from opensvc_core.run import RunOutcome
from tests.opensvc_core.actions.files_platform import knob, open_files_agent, write_service


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    write_service(tmp_path)
    return open_files_agent(tmp_path)


def act(agent: Agent, action: str) -> None:
    assert agent.run(agent.plan(action, [agent.load("svc")])).outcomes == {"svc": RunOutcome.DONE}


def look(agent: Agent) -> None:
    mark = look_mark(agent)
    record_look(agent, agent.status([agent.load("svc")]), mark)


def states(agent: Agent) -> list[tuple[str, bool]]:
    return [(each.data["overall"], each.data["frozen"]) for each in agent.feed.changes(ChangeKind.STATUS)]


def test_each_action_records_the_state_that_it_led_to(agent: Agent) -> None:
    act(agent, "start")
    act(agent, "start")  # changes nothing
    act(agent, "stop")
    assert states(agent) == [("up", False), ("down", False)]
    kinds = [change.kind for change in agent.feed.changes()]
    assert kinds == ["begin", "end", "config", "status", "begin", "end", "begin", "end", "status"]
    resources = agent.feed.changes(ChangeKind.STATUS)[0].data["resources"]
    assert {rid: each["status"] for rid, each in resources.items()}["disk#1"] == "up"


def test_a_run_that_changed_nothing_asks_nobody_again(agent: Agent, tmp_path: Path) -> None:
    act(agent, "start")
    counter = tmp_path / "asked"
    knob(tmp_path, "svc.disk#1.status", "sh", "-c", f"echo >>{counter}; echo up")
    act(agent, "start")
    assert counter.read_text().count("\n") == 1


def test_the_state_after_a_cancelled_run_is_recorded_too(agent: Agent) -> None:
    cancel = Cancel()
    plan = agent.plan("start", [agent.load("svc")])
    run = agent.run(plan, cancel=cancel, on_event=lambda event: cancel.set("no") if event.step else None)
    assert run.outcomes == {"svc": RunOutcome.CANCELLED}
    assert states(agent) == [("down", False)]


def test_a_look_records_what_changed_without_an_action(agent: Agent, tmp_path: Path) -> None:
    look(agent)
    look(agent)
    assert states(agent) == [("down", False)]
    (tmp_path / "tmp/platform/svc.disk#1").touch()
    look(agent)
    assert [state for state, _ in states(agent)] == ["down", "warn"]


def test_a_look_that_an_action_overtook_records_nothing(agent: Agent) -> None:
    mark = look_mark(agent)
    seen = agent.status([agent.load("svc")])
    act(agent, "start")
    record_look(agent, seen, mark)
    assert states(agent) == [("up", False)]


def test_who_cannot_read_the_journal_records_nothing_and_is_told_nothing(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise JournalError("not yours")

    monkeypatch.setattr(type(agent.journal.database), "reading", refuse)
    mark = look_mark(agent)
    assert mark is None
    record_look(agent, {}, mark)


def test_freezing_and_thawing_are_changes_of_the_state(agent: Agent) -> None:
    agent.freeze(["svc"])
    assert states(agent) == []  # nobody knows the rest of it yet
    look(agent)
    agent.thaw(["svc"])
    agent.thaw(["svc"])
    agent.freeze(["svc"])
    assert states(agent) == [("down", True), ("down", False), ("down", True)]


def test_the_words_of_a_note_make_no_other_state_but_its_code_does(agent: Agent) -> None:
    status = agent.status([agent.load("svc")])["svc"]

    def with_note(text: str, code: str) -> str:
        first, *others = status.resources
        noted = evolve(first, report=first.report.with_note(text, code))
        return state_digest(status_data(evolve(status, resources=(noted, *others))))

    assert with_note("3 h old", "old") == with_note("4 h old", "old") != with_note("3 h old", "other")


# -- service files ----------------------------------------------------------------------------------------------------


def configs(agent: Agent) -> int:
    return len(agent.feed.changes(ChangeKind.CONFIG))


def test_a_service_file_that_was_not_pushed_is_told_once_at_the_next_action(agent: Agent) -> None:
    act(agent, "start")
    act(agent, "stop")
    assert configs(agent) == 1
    service = agent.load("svc")
    stamp_push(agent.node.folders, "svc", agent.feed.changes(ChangeKind.CONFIG)[0].data["digest"])
    act(agent, "start")
    assert configs(agent) == 1
    service.path.write_text(service.path.read_text() + "\n# one more line\n")
    act(agent, "stop")
    act(agent, "start")
    assert configs(agent) == 2


def test_a_stamp_counts_by_what_was_pushed_and_an_empty_one_by_its_age(agent: Agent) -> None:
    service, folders = agent.load("svc"), agent.node.folders
    digest = unpushed(folders, service)
    assert digest
    stamp = push_stamp(folders, "svc")
    stamp.parent.mkdir(exist_ok=True)
    stamp.touch()
    os.utime(stamp, (2e9, 2e9))
    assert unpushed(folders, service) == ""
    os.utime(stamp, (1, 1))
    assert unpushed(folders, service) == digest
    stamp_push(folders, "svc", digest)
    os.utime(stamp, (1, 1))
    assert unpushed(folders, service) == ""  # only touched since
    stamp_push(folders, "svc", "of another text")
    os.utime(stamp, (2e9, 2e9))
    assert unpushed(folders, service) == digest  # an older file was put back
