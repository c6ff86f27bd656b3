"""Jobs: which there are, that each runs once when it is due, and what is remembered of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path

import jsonschema
import pytest
from attrs import define, evolve

from opensvc_core.actions.agent import Agent
from opensvc_core.actions.job_records import JobRecord, read_record, record_file, write_record
from opensvc_core.actions.jobs import Job, list_jobs
from opensvc_core.actions.run_jobs import JobEnd, JobRun, JobRunner
from opensvc_core.cli.document import Document
from opensvc_core.cli.scheduling import JobRow, schedule_document
from opensvc_core.clock import Cancel, SystemClock
from opensvc_core.errors import ConfigError
from opensvc_core.lock import Holder, hold_lock
from opensvc_core.schedule.grammar import parse_schedule
from tests.opensvc_core.actions.files_platform import open_files_agent

SERVICE = "[default]\nnodes = n1 n2\ndrpnodes = d1\n[disk#1]\ntype = file\n"
VERBS = ("mon", "sync")
NOON = 1_795_608_000.0  # 2026-11-25 12:00 UTC


@define
class StoodClock(SystemClock):
    """A clock on the wall that a test sets."""

    at: float = NOON

    def now(self) -> float:
        return self.at


@pytest.fixture
def clock() -> StoodClock:
    return StoodClock()


@pytest.fixture
def agent(tmp_path: Path, clock: StoodClock) -> Agent:
    (tmp_path / "etc").mkdir()
    return open_files_agent(tmp_path, clock=clock)


def add(agent: Agent, name: str = "svc", text: str = SERVICE) -> None:
    (agent.node.folders.etc / f"{name}.env").write_text(text)


def jobs(agent: Agent, verbs: Sequence[str] = VERBS) -> dict[str, Job]:
    services = [agent.load(name) for name in agent.find()]
    return {job.name: job for job in list_jobs(agent.node, services, verbs)}


def job(name: str, schedule: str = "@10", service: str = "") -> Job:
    return Job(name, ("version",), parse_schedule(schedule), "test", service)


def run(agent: Agent, *due: Job, ends: JobEnd | None = None) -> list[tuple[str, str]]:
    """Run what is due; gives back names and outcomes."""
    end = ends or JobEnd(0)
    runner = JobRunner(agent, lambda: due, lambda _job: end, Cancel(), lambda _run: None)
    return sorted((each.job.name, each.outcome) for each in runner.run())


# -- the table --------------------------------------------------------------------------------------------------------


def test_a_node_updates_its_monitor_and_sends_its_services(agent: Agent) -> None:
    add(agent)
    add(agent, "alone", "[default]\nnodes = n1\n[disk#1]\ntype = file\n")
    found = jobs(agent)
    assert {name: each.argv for name, each in found.items()} == {
        "monitor": ("mon", "--format", "plain", "--timeout", "20"),
        "sync.svc": ("sync", "all", "svc"),
    }
    assert [str(each.schedule) for each in found.values()] == ["*@10", "04:00-06:00@121"]


def test_a_node_prunes_its_journal_each_day_and_writes_metrics_where_it_is_told_a_file(agent: Agent) -> None:
    found = jobs(agent, ["log", "metrics"])
    assert {name: (each.argv, str(each.schedule)) for name, each in found.items()} == {
        "journal": (("log", "--prune", "--format", "plain"), "03:00-04:00@61")
    }
    agent.node = evolve(agent.node, settings={"node": {"metrics_file": "/m/osvc.prom", "metrics_schedule": "@1"}})
    metrics = jobs(agent, ["log", "metrics"])["metrics"]
    assert (metrics.argv, str(metrics.schedule)) == (("metrics", "--ask", "--output", "/m/osvc.prom"), "*@1")


def test_schedules_of_the_service_stand_over_those_of_the_node(agent: Agent) -> None:
    agent.node = evolve(agent.node, settings={"node": {"sync_schedule": "@1h", "monitor_schedule": ""}})
    add(agent)
    add(agent, "own", SERVICE.replace("\n[disk", "\nsync_schedule = 22:00-02:00 mon-fri\n[disk"))
    found = jobs(agent)
    assert str(found["sync.svc"].schedule) == "*@60"
    assert found["sync.svc"].source == "[node] sync_schedule in node.conf"
    assert str(found["sync.own"].schedule) == "22:00-02:00 mon-fri"
    assert found["sync.own"].source == "[default] sync_schedule in own.env"
    assert found["monitor"].next_run("n1", NOON, None) is None


def test_what_is_no_schedule_is_told_with_its_place(agent: Agent) -> None:
    agent.node = evolve(agent.node, settings={"node": {"monitor_schedule": "@10 caturday"}})
    with pytest.raises(ConfigError, match="caturday"):
        jobs(agent)
    add(agent, "bad", SERVICE.replace("\n[disk", "\nsync_schedule = 25:00\n[disk"))
    with pytest.raises(ConfigError, match=r"bad.env:4: \[default\] sync_schedule: '25:00', at character 1"):
        agent.load("bad")


def test_a_job_whose_command_is_not_there_is_not_scheduled(agent: Agent) -> None:
    add(agent)
    assert set(jobs(agent, ["mon"])) == {"monitor"}


def test_a_disaster_recovery_node_sends_nothing(tmp_path: Path, clock: StoodClock) -> None:
    agent = open_files_agent(tmp_path, "d1", clock=clock)
    agent.node.folders.etc.mkdir(exist_ok=True)
    add(agent)
    found = jobs(agent)["sync.svc"]
    assert "disaster-recovery" in found.off
    assert found.next_run("d1", NOON, None) is None
    assert run(agent, found) == []


def test_what_is_spread_begins_elsewhere_on_each_node() -> None:
    spread = job("sync.svc", "~00:00-06:00")
    assert len({spread.next_run(f"n{number}", NOON, None) for number in range(20)}) > 15
    assert spread.next_run("n1", NOON, None) == spread.next_run("n1", NOON, None)


# -- runs -------------------------------------------------------------------------------------------------------------


def test_a_job_runs_when_it_is_due_and_not_before(agent: Agent, clock: StoodClock) -> None:
    clock.at = NOON + 59
    assert run(agent, job("a")) == [("a", "done")]
    assert run(agent, job("a")) == []
    clock.at = NOON + 599
    assert run(agent, job("a")) == []
    clock.at = NOON + 600.1  # of whoever looks each ten minutes this look is early: the minute counts
    assert run(agent, job("a")) == [("a", "done")]


def test_one_that_fails_holds_no_other_up_and_is_not_tried_at_once_again(agent: Agent) -> None:
    def launch(asked: Job) -> JobEnd:
        if asked.name == "a":
            raise OSError("no space")
        return JobEnd(3 if asked.name == "b" else 0, "it said so" if asked.name == "b" else "")

    told: list[JobRun] = []
    due = [job("a"), job("b"), job("c")]
    JobRunner(agent, lambda: due, launch, Cancel(), told.append).run()
    assert sorted((each.job.name, each.outcome) for each in told) == [("a", "failed"), ("b", "failed"), ("c", "done")]
    kept = read_record(agent.node.folders, "b")
    assert (kept.outcome, kept.status, kept.text) == ("failed", 3, "it said so")
    assert run(agent, *due) == []


@pytest.mark.parametrize("status", [4, 5, 7])
def test_a_command_that_was_refused_is_no_failure(agent: Agent, status: int) -> None:
    assert run(agent, job("a"), ends=JobEnd(status, "vetoed")) == [("a", "refused")]


def test_one_job_never_runs_twice_at_once(agent: Agent, clock: StoodClock) -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def launch(_job: Job) -> JobEnd:
        begun.set()
        assert goes_on.wait(60)
        return JobEnd(0)

    first: list[JobRun] = []
    runner = JobRunner(agent, lambda: [job("a", "@1m")], launch, Cancel(), first.append)
    thread = threading.Thread(target=runner.run)
    thread.start()
    try:
        assert begun.wait(60)
        assert read_record(agent.node.folders, "a").outcome == "unended"
        clock.at += 3600
        assert run(agent, job("a", "@1m")) == [("a", "busy")]
    finally:
        clock.at -= 3600
        goes_on.set()
        thread.join(60)
    assert [each.outcome for each in first] == ["done"]


def test_what_another_process_has_just_run_is_not_run_again(agent: Agent) -> None:
    launched: list[str] = []

    def launch(asked: Job) -> JobEnd:
        launched.append(asked.name)
        return JobEnd(0)

    holder = Holder(1, "ann", "job a", 0.0)
    folder = agent.node.folders.var / "schedule" / "lock"
    with hold_lock(folder, "a", holder, wait=0, clock=agent.clock, cancel=Cancel()):
        runner = JobRunner(agent, lambda: [job("a")], launch, Cancel(), lambda _run: None)
        assert [each.outcome for each in runner.run()] == ["busy"]
    write_record(agent.node.folders, "a", JobRecord().begin(NOON).end(NOON, 0, ""))
    assert runner.run() == []
    assert launched == []


def test_a_clock_that_was_put_back_neither_repeats_nor_stops_a_job(agent: Agent, clock: StoodClock) -> None:
    clock.at = NOON + 30 * 86400
    assert run(agent, job("a")) == [("a", "done")]
    clock.at = NOON
    assert run(agent, job("a")) == []
    clock.at = NOON + 300
    assert run(agent, job("a")) == []
    clock.at = NOON + 600
    assert run(agent, job("a")) == [("a", "done")]


def test_what_cannot_be_remembered_is_not_run(agent: Agent) -> None:
    record_file(agent.node.folders, "a").mkdir(parents=True)
    launched: list[str] = []

    def launch(asked: Job) -> JobEnd:
        launched.append(asked.name)
        return JobEnd(0)

    runs = JobRunner(agent, lambda: [job("a")], launch, Cancel(), lambda _run: None).run()
    assert [each.outcome for each in runs] == ["failed"]
    assert launched == []


def test_a_record_that_cannot_be_read_is_of_a_job_that_never_ran(agent: Agent) -> None:
    record_file(agent.node.folders, "a").parent.mkdir(parents=True)
    record_file(agent.node.folders, "a").write_text("{")
    assert read_record(agent.node.folders, "a") == JobRecord()
    assert run(agent, job("a")) == [("a", "done")]


def test_jobs_of_services_run_a_few_at_once_and_the_nodes_own_do_not_wait(agent: Agent) -> None:
    guard, goes_on, running = threading.Lock(), threading.Event(), []
    most: list[int] = []

    def launch(asked: Job) -> JobEnd:
        with guard:
            running.append(asked.name)
            most.append(sum(name.startswith("sync") for name in running))
            if "monitor" in running and most[-1] == 4:
                goes_on.set()
        assert goes_on.wait(60)
        with guard:
            running.remove(asked.name)
        return JobEnd(0)

    due = [*(job(f"sync.{number}", service=str(number)) for number in range(9)), job("monitor")]
    runs = JobRunner(agent, lambda: due, launch, Cancel(), lambda _run: None).run()
    assert len(runs) == 10
    assert max(most) == 4


def test_a_cancelled_run_begins_nothing(agent: Agent) -> None:
    cancel = Cancel()
    cancel.set("SIGTERM")
    assert JobRunner(agent, lambda: [job("a")], lambda _job: JobEnd(0), cancel, lambda _run: None).run() == []


# -- what is shown ----------------------------------------------------------------------------------------------------


def check(document: Document) -> None:
    path = Path(__file__).parents[3] / "docs" / "reference" / "schedule.schema.json"
    schema = json.loads(path.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(json.dumps(document)), schema, cls=jsonschema.Draft202012Validator)


def test_the_table_as_json_keeps_to_its_schema() -> None:
    rows = [
        JobRow(job("a"), JobRecord(), NOON),
        JobRow(job("sync.svc", "", "svc"), JobRecord().begin(NOON).end(NOON + 1, 1, "failed"), None),
    ]
    document = schedule_document("n1", NOON, rows, {"bad": ConfigError([], hint="mend it")})
    check(document)
    assert [each["last"]["outcome"] for each in document["jobs"]] == ["", "failed"]
    with pytest.raises(jsonschema.ValidationError):
        check({**document, "surprise": True})
