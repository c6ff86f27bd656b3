"""`osvc metrics`: read by the official parser, named by Prometheus' conventions, true to what the node knows."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from opensvc_core.actions.agent import Agent
from opensvc_core.actions.job_records import JobRecord, write_record
from opensvc_core.actions.metrics import collect_metrics
from opensvc_core.cli.metering import tell_metrics
from opensvc_core.errors import OpenSVCError
from opensvc_core.metrics_text import render
from opensvc_core.model import ResourceId
from opensvc_core.push_stamp import stamp_push
from opensvc_core.replication import Stamp, stamp_file, write_stamp
from tests.opensvc_core.actions.files_platform import knob, open_files_agent, write_service

COPIED = """
[default]
nodes = n1 n2
[disk#1]
type = file
[sync#1]
type = rsync
src = /srv/a
dst = /srv/a
target = nodes
"""


@pytest.fixture
def agent(tmp_path: Path) -> Agent:
    write_service(tmp_path)
    agent = open_files_agent(tmp_path)
    agent.run(agent.plan("start", [agent.load("svc")]))
    return agent


def read(agent: Agent, *, is_asked: bool = False) -> dict[str, Metric]:
    text = render(collect_metrics(agent, is_asked=is_asked))
    return {metric.name: metric for metric in text_string_to_metric_families(text)}


def values(metric: Metric) -> dict[tuple[str, ...], float]:
    return {tuple(sample.labels.values()): sample.value for sample in metric.samples}


def that_is(metric: Metric, **about: str) -> str:
    """The state that a metric with one sample a state says."""
    (found,) = [
        sample.labels for sample in metric.samples if sample.value == 1 and about.items() <= sample.labels.items()
    ]
    return str(list(found.values())[-1])


def test_states_and_the_last_run_are_told_without_asking_anybody(agent: Agent, tmp_path: Path) -> None:
    knob(tmp_path, "svc.disk#1.status", "sh", "-c", "echo >>asked; exit 1")
    told = read(agent)
    assert that_is(told["opensvc_service_status"], service="svc", scope="avail") == "up"
    assert that_is(told["opensvc_resource_status"], service="svc", rid="disk#1") == "up"
    assert that_is(told["opensvc_last_run_outcome"], service="svc", action="start") == "done"
    assert values(told["opensvc_service_frozen"]) == {("svc",): 0}
    assert values(told["opensvc_last_run_duration_seconds"])["svc", "start"] > 0
    assert not (tmp_path / "asked").exists()


def test_asked_for_it_tells_the_state_now_and_writes_it_down(agent: Agent, tmp_path: Path) -> None:
    for path in (tmp_path / "tmp/platform").glob("svc.*"):
        path.unlink()
    assert that_is(read(agent)["opensvc_service_status"], scope="overall") == "up"
    told = read(agent, is_asked=True)
    assert that_is(told["opensvc_service_status"], scope="overall") == "down"
    assert that_is(read(agent)["opensvc_service_status"], scope="overall") == "down"
    agent.freeze(["svc"])
    assert values(read(agent)["opensvc_service_frozen"]) == {("svc",): 1}


def test_each_state_is_a_sample_and_one_of_them_is_1(agent: Agent) -> None:
    told = read(agent)
    samples = [sample for sample in told["opensvc_service_status"].samples if sample.labels["scope"] == "avail"]
    assert sorted(sample.labels["status"] for sample in samples) == [
        "down", "n/a", "stdby down", "stdby up", "undef", "up", "warn",
    ]  # fmt: skip
    assert sum(sample.value for sample in samples) == 1


def test_a_run_that_is_under_way_or_was_cut_is_told(agent: Agent) -> None:
    with agent.journal.database.writing() as db:
        db.execute("UPDATE run_service SET outcome=NULL, ended=NULL")
    told = read(agent)
    assert that_is(told["opensvc_last_run_outcome"], service="svc") == "running"
    assert "opensvc_last_run_end_timestamp_seconds" not in told
    with agent.journal.database.writing() as db:
        db.execute("UPDATE run SET process='another of that pid'")
    assert that_is(read(agent)["opensvc_last_run_outcome"], service="svc") == "interrupted"


def test_copies_pushes_and_jobs_are_told_by_the_moment_that_they_went_well(agent: Agent, tmp_path: Path) -> None:
    write_service(tmp_path, "copied", COPIED)
    folders = agent.node.folders
    write_stamp(stamp_file(folders, "n2", ResourceId("copied", "sync#1")), Stamp(1000.5, "n1"))
    stamp_push(folders, "svc", "digest")
    os.utime(folders.var / "svc.push", (2000, 2000))
    write_record(folders, "monitor", JobRecord(60.0, 61.0, 62.0, 1, "no"))
    told = read(agent)
    assert values(told["opensvc_replication_timestamp_seconds"]) == {("copied", "sync#1", "n1", "n2"): 1000.5}
    assert values(told["opensvc_push_timestamp_seconds"]) == {("svc",): 2000}
    assert values(told["opensvc_job_success"]) == {("monitor",): 0}


def test_what_waits_for_a_reader_and_what_was_dropped_is_counted(agent: Agent) -> None:
    feed = agent.feed
    feed.confirm("collector", "end", 0, feed.journal_id())
    told = read(agent)
    assert values(told["opensvc_journal_pending_changes"]) == {("collector", "end"): 1}
    assert values(told["opensvc_journal_dropped_changes"])["end",] == 0


def test_a_service_file_that_cannot_be_used_is_told_and_hides_no_other(agent: Agent, tmp_path: Path) -> None:
    write_service(tmp_path, "bad", "[default\n")
    told = read(agent)
    assert values(told["opensvc_service_config_valid"]) == {("bad",): 0, ("svc",): 1}
    assert that_is(told["opensvc_service_status"], service="svc", scope="avail") == "up"


def test_names_and_help_keep_to_the_conventions(agent: Agent, tmp_path: Path) -> None:
    write_service(tmp_path, "copied", COPIED)
    write_stamp(stamp_file(agent.node.folders, "n2", ResourceId("copied", "sync#1")), Stamp(1000.5, "n1"))
    families = collect_metrics(agent, is_asked=True)
    assert len({family.name for family in families}) == len(families)
    for family in families:
        assert re.fullmatch(r"opensvc(_[a-z]+)+", family.name), family.name
        assert family.help.endswith("."), family.name
        assert (family.type == "counter") is family.name.endswith("_total"), family.name
        assert not re.search(r"_(ms|milliseconds|minutes|kb|mb|count|sum|bucket)$", family.name), family.name
        if family.name.endswith(("_info", "_known", "_valid", "_frozen", "_drained", "_status", "_outcome")):
            assert {sample.value for sample in family.samples} <= {0, 1}, family.name
        names = [name for sample in family.samples for name in sample.labels]
        assert all(re.fullmatch(r"[a-z]+", name) for name in names), family.name


def test_a_file_is_replaced_whole_and_readable_to_all_whatever_the_umask(agent: Agent, tmp_path: Path) -> None:
    file = tmp_path / "textfile" / "opensvc.prom"
    before = os.umask(0o077)
    try:
        assert tell_metrics(agent, file, is_asked=False) == 0
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in file.parent.iterdir()] == ["opensvc.prom"]
    written: Mapping[str, Metric] = {each.name: each for each in text_string_to_metric_families(file.read_text())}
    assert "opensvc_service_status" in written
    with pytest.raises(OpenSVCError, match="cannot be written"):
        tell_metrics(agent, file / "below", is_asked=False)
    assert file.read_text()
