"""What is sent as it is now: services whose file was changed, those that are gone, and one part after the other."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from opensvc_collector_client.parts import DAILY, Part
from opensvc_collector_client.reporting import report_parts
from opensvc_collector_client.sender import Outcome, Sender
from opensvc_collector_client.standing import describe
from opensvc_core.api import Agent, OpenSVCError
from opensvc_testkit.collector import Fault, FaultKind, RecordingCollector
from tests.opensvc_collector_client.node import SERVICE_FILE, act, make_node

pytestmark = pytest.mark.simulated


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[RecordingCollector]:
    with RecordingCollector.up(tmp_path / "collector") as up:
        yield up


@pytest.fixture
def agent(tmp_path: Path, collector: RecordingCollector) -> Agent:
    return make_node(tmp_path / "root", f"[collector]\nurl = {collector.url}\n", "svc", "web")


def services(collector: RecordingCollector) -> list[str]:
    """Names of services whose file came, in order."""
    return [row["svc_name"] for call in collector.calls("update_service") for row in call.rows]


def test_a_service_file_is_sent_when_it_was_changed(agent: Agent, collector: RecordingCollector) -> None:
    folder = agent.node.folders.etc
    assert Sender.of(agent).send() is Outcome.DONE
    assert services(collector) == ["svc", "web"]
    assert collector.records("service")[0]["svc_envfile"] == "[default]\nnodes = node1\n[app#0]\ntype = launchers"
    assert Sender.of(agent).send() is Outcome.DONE
    assert services(collector) == ["svc", "web"]
    (folder / "web.env").write_text(SERVICE_FILE + "# more\n")
    assert Sender.of(agent).send() is Outcome.DONE
    assert services(collector) == ["svc", "web", "web"]
    assert report_parts(Sender.of(agent), [Part.SERVICES], 1, ["svc"]).failed == ()
    assert services(collector)[3:] == ["svc"]
    assert collector.violations() == ()


def test_a_file_that_is_wrong_keeps_no_other_from_being_sent(agent: Agent, collector: RecordingCollector) -> None:
    (agent.node.folders.etc / "svc.env").write_text("[default]\nbogus = 1\n")
    assert Sender.of(agent).send() is Outcome.DONE
    assert services(collector) == ["web"]
    (told,) = report_parts(Sender.of(agent), [Part.SERVICES], 1).failed
    assert "bogus" in str(told)


def test_a_file_that_is_not_taken_is_not_sent_again_until_it_is_another(
    agent: Agent, collector: RecordingCollector
) -> None:
    collector.break_with(Fault(FaultKind.FAULT, methods=("update_service",), text="no such column"))
    assert Sender.of(agent).send() is Outcome.DONE
    assert describe(agent)["refused_files"] == ["svc", "web"]
    collector.mend()
    assert Sender.of(agent).send() is Outcome.DONE
    assert services(collector) == []
    (agent.node.folders.etc / "web.env").write_text(SERVICE_FILE + "# more\n")
    assert Sender.of(agent).send() is Outcome.DONE
    assert services(collector) == ["web"]
    assert describe(agent)["refused_files"] == ["svc"]


def test_a_service_that_is_gone_is_told(agent: Agent, collector: RecordingCollector) -> None:
    Sender.of(agent).send()
    (agent.node.folders.etc / "web.env").unlink()
    for _ in range(2):
        assert report_parts(Sender.of(agent), [Part.SERVICES], 1).failed == ()
    (gone,) = collector.calls("delete_service_list")
    assert gone.arguments == (["web"],)
    assert [each["svc_name"] for each in collector.records("service")] == ["svc"]


def test_each_part_is_tried_whatever_became_of_the_others(agent: Agent, collector: RecordingCollector) -> None:
    collector.break_with(
        Fault(FaultKind.FAULT, methods=("insert_pkg", "update_service"), text="no such column"),
    )
    failed = report_parts(Sender.of(agent), (), 1).failed
    assert failed
    assert all("no such column" in str(error) for error in failed)
    assert collector.records("asset")
    assert set(describe(agent)["reported"]) >= {"asset", "checks"}
    collector.mend()
    assert report_parts(Sender.of(agent), (), 1).failed == ()
    assert set(describe(agent)["reported"]) == {part.value for part in DAILY}
    assert collector.violations() == ()


def test_states_of_now_come_after_what_waits(agent: Agent, collector: RecordingCollector) -> None:
    act(agent, "r1")
    assert report_parts(Sender.of(agent), [Part.STATUSES], 1).failed == ()
    methods = [call.method for call in collector.calls()]
    assert methods == ["begin_action", "end_action", *["svcmon_update", "resmon_update"] * 2]
    assert {each["mon_appstatus"] for each in collector.records("status")} == {"n/a"}
    assert collector.violations() == ()


def test_a_step_that_raises_is_told_at_the_end(
    agent: Agent, collector: RecordingCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Agent) -> None:
        text = "dpkg is broken"
        raise OpenSVCError(text)

    monkeypatch.setattr("opensvc_collector_client.pushes.list_packages", fails)
    assert [str(error) for error in report_parts(Sender.of(agent), (), 1).failed] == ["dpkg is broken"] * 2
    assert collector.records("asset")
    assert describe(agent)["error"] == ""  # the collector is well


def test_a_collector_that_is_away_is_told_once_a_part(agent: Agent, collector: RecordingCollector) -> None:
    collector.kill()
    failed = report_parts(Sender.of(agent), [Part.ASSET, Part.CHECKS], 1).failed
    assert len(failed) == 2
    assert describe(agent)["state"] == "failing"


def test_a_name_that_does_not_resolve_is_no_trouble(
    agent: Agent, collector: RecordingCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: (_ for _ in ()).throw(socket.gaierror(-2, "unknown")))
    told = report_parts(Sender.of(agent), (), 1)
    assert (told.failed, "unknown" in told.absent) == ((), True)
    assert describe(agent)["state"] == "absent"
