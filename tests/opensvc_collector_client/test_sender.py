"""One sender at a time, until nothing is left; a collector that fails is left alone for a while."""

from __future__ import annotations

import json
import queue
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from opensvc_collector_client.poison import Poison, PoisonFile
from opensvc_collector_client.private_files import is_locked, try_lock
from opensvc_collector_client.queue import READER
from opensvc_collector_client.records import row
from opensvc_collector_client.registration import read_uuid, register
from opensvc_collector_client.retrying import retry_poison_now
from opensvc_collector_client.sender import Outcome, Sender
from opensvc_collector_client.standing import describe
from opensvc_collector_client.transport.failures import Refused, Unresolved
from opensvc_collector_client.trial import try_out
from opensvc_core.api import Agent, Locked, open_agent
from opensvc_testkit.collector import Fault, FaultKind, RecordingCollector
from tests.opensvc_collector_client.node import ManualClock, act, make_node

pytestmark = pytest.mark.simulated

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordingCollector]:
    with RecordingCollector.up(tmp_path_factory.mktemp("collector")) as up:
        yield up


@pytest.fixture
def agent(tmp_path: Path, collector: RecordingCollector) -> Agent:
    collector.mend()
    return make_node(tmp_path / "root", f"[collector]\nurl = {collector.url}\n")


def came(collector: RecordingCollector, run_id: str) -> list[str]:
    """Methods whose records are about a run, in order."""
    return [
        call.method for call in collector.calls() if any(run_id in str(each.get("action_id")) for each in call.rows)
    ]


def keeps_to_schema(document: dict[str, Any], name: str) -> None:
    schema = json.loads((REFERENCE / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(document)


def test_all_is_sent_and_the_journal_told_so(agent: Agent, collector: RecordingCollector) -> None:
    act(agent, "all-1", "all-2")
    sender = Sender.of(agent)
    assert sender.send() is Outcome.DONE
    assert came(collector, "all-1") == ["begin_action", "end_action"]
    assert sender.taken == 5  # and the service's file
    assert agent.feed.position(READER, "end") == agent.feed.newest("end")
    assert not is_locked(sender.places.lock)
    told = describe(agent)
    assert told["pending"] == {"begin": 0, "end": 0, "status": 0}
    keeps_to_schema(told, "collector-status")
    assert collector.violations() == ()


def test_nobody_sends_beside_a_sender(agent: Agent) -> None:
    sender = Sender.of(agent)
    lock = try_lock(sender.places.lock)
    assert lock is not None
    assert sender.send() is Outcome.BUSY
    with pytest.raises(Locked), sender.session(0.1):
        pass
    assert sender.send(lock=lock) is Outcome.DONE
    assert not is_locked(sender.places.lock)


def test_of_many_senders_one_sends(agent: Agent, collector: RecordingCollector) -> None:
    act(agent, *(f"many-{number}" for number in range(10)))
    outcomes = queue.SimpleQueue[Outcome]()

    def send() -> None:
        own = open_agent(agent.node.folders.root, "node1")
        outcomes.put(Sender.of(own).send(patience=30))
        own.journal.close()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {outcomes.get_nowait() for _ in threads} == {Outcome.DONE}
    assert [came(collector, f"many-{number}") for number in range(10)] == [["begin_action", "end_action"]] * 10


def test_what_comes_during_the_last_look_is_not_left(
    agent: Agent, collector: RecordingCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    act(agent, "look-1")
    sender = Sender.of(agent)
    waiting = [True]

    def late(session: object) -> None:
        if waiting and waiting.pop():
            act(agent, "look-2")  # whoever did that found the lock held, and started nobody
            assert is_locked(sender.places.lock)

    monkeypatch.setattr("opensvc_collector_client.sender.push_changed", late)
    assert sender.send() is Outcome.DONE
    assert came(collector, "look-2") == ["begin_action", "end_action"]


def test_a_collector_that_fails_is_left_alone_for_a_while(agent: Agent, collector: RecordingCollector) -> None:
    clock = agent.clock
    assert isinstance(clock, ManualClock)
    act(agent, "fail-1")
    collector.break_with(Fault(FaultKind.STATUS, status=500))
    sender = Sender.of(agent)
    assert sender.send() is Outcome.FAILED
    assert sender.send() is Outcome.WAITS
    told = describe(agent)
    keeps_to_schema(told, "collector-status")
    assert (told["state"], told["failures"], told["error_code"]) == ("failing", 1, "collector_unreachable")
    assert 0 < told["backoff_seconds"] <= 10
    clock.offset -= 1e6  # the clock on the wall is stepped
    assert sender.send() is Outcome.WAITS
    collector.mend()
    clock.passed += 11
    assert sender.send() is Outcome.DONE
    assert came(collector, "fail-1") == ["begin_action", "end_action"]
    assert describe(agent)["state"] == "ok"


def test_who_is_told_to_send_now_does_not_wait(agent: Agent, collector: RecordingCollector) -> None:
    collector.break_with(Fault(FaultKind.GARBAGE))
    assert Sender.of(agent).send() is Outcome.FAILED
    collector.mend()
    assert Sender.of(agent).send(is_forced=True) is Outcome.DONE


@pytest.mark.parametrize("settings", ["[collector]\nurl =\n", "[node]\ndbopensvc = 127.0.0.1\n"])
def test_where_there_is_no_collector_nothing_is_done(settings: str, tmp_path: Path) -> None:
    agent = make_node(tmp_path / "off", settings)
    act(agent, "r1")
    assert Sender.of(agent).send() is Outcome.OFF
    assert describe(agent)["state"] == "off"
    assert agent.feed.readers() == ()
    assert not (agent.node.folders.var / "collector").exists()
    assert not try_out(Sender.of(agent), 1)["usable"]
    with pytest.raises(Unresolved), Sender.of(agent).session(1):
        pass


def test_a_default_name_that_is_none_is_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    agent = make_node(tmp_path / "absent", "")
    act(agent, "r1")
    assert Sender.of(agent).send() is Outcome.FAILED
    assert describe(agent)["state"] == "absent"
    assert agent.feed.readers() == ()  # the journal keeps nothing for a collector that never was


def test_a_full_disk_loses_nothing(
    agent: Agent, collector: RecordingCollector, monkeypatch: pytest.MonkeyPatch
) -> None:
    act(agent, "disk-1")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("opensvc_collector_client.state.write_private", full)
        Sender.of(agent).send()
    act(agent, "disk-2")
    assert Sender.of(agent).send(is_forced=True) is Outcome.DONE
    assert came(collector, "disk-2") == ["begin_action", "end_action"]


def test_a_registered_node_says_who_it_is(agent: Agent, collector: RecordingCollector) -> None:
    sender = Sender.of(agent)
    with sender.session(1) as session:
        uuid = register(session.collector, "node1", sender.places)
        with pytest.raises(Refused, match="already registered"):
            register(session.collector, "node1", sender.places)
    assert read_uuid(sender.places) == uuid
    assert stat.S_IMODE(sender.places.uuid.stat().st_mode) == 0o600
    act(agent, "who-1")
    assert sender.send() is Outcome.DONE
    (last,) = [call for call in collector.calls("end_action") if "who-1" in str(call.rows)]
    assert last.arguments[-1] == [uuid, "node1"]
    sender.places.uuid.chmod(0o644)
    assert any("chmod 600" in warning for warning in describe(agent)["warnings"])
    sender.places.uuid.write_text("not a uuid\n")
    assert read_uuid(sender.places) == ""


def test_a_node_that_is_not_known_keeps_what_it_has(agent: Agent, collector: RecordingCollector) -> None:
    act(agent, "unknown-1")
    collector.break_with(FaultKind.UNREGISTERED)
    assert Sender.of(agent).send() is Outcome.FAILED
    told = describe(agent)
    assert told["error_code"] == "collector_not_registered"
    assert told["pending"]["end"] == 1
    assert told["poison"] == 0


def test_a_collector_is_tried_out(agent: Agent, collector: RecordingCollector) -> None:
    told = try_out(Sender.of(agent), 1)
    assert told["usable"]
    keeps_to_schema(told, "collector-test")
    collector.break_with(Fault(FaultKind.REFUSE, methods=("begin_action",)))
    told = try_out(Sender.of(agent), 1)
    assert (told["usable"], told["missing"]) == (False, ["begin_action"])
    collector.break_with(FaultKind.RESET)
    assert "closed without an answer" in try_out(Sender.of(agent), 1)["error"]


def test_what_was_set_aside_is_tried_again_when_told(agent: Agent, collector: RecordingCollector) -> None:
    act(agent, "aside-1")
    fields = {
        "svcname": "svc", "action": "start", "hostname": "node1", "hostid": "node1", "version": "1",
        "begin": "2010-05-18 04:00:01.250000", "action_id": "aside-9/svc",
    }  # fmt: skip
    good, bad = row("begin_action", fields), row("begin_action", {"svcname": "svc"})
    sender = Sender.of(agent)
    PoisonFile(sender.places.poison).write(
        [Poison("begin", "svc", each, 1, 1.0, "refused", (call,)) for each, call in (("bad", bad), ("good", good))]
    )
    assert describe(agent)["poison_reasons"] == ["begin of svc: refused"] * 2
    assert retry_poison_now(sender, 1) == (1, 1)
    assert came(collector, "aside-9") == ["begin_action"]
    assert [each.run_id for each in PoisonFile(sender.places.poison).read()] == ["bad"]
    assert stat.S_IMODE(sender.places.poison.stat().st_mode) == 0o600


def test_the_status_tells_of_a_journal_that_broke(agent: Agent) -> None:
    act(agent, "r1")
    agent.journal.close()
    path = agent.node.folders.journal
    path.write_bytes(b"this is not a database, and it is longer than a header " * 40)
    act(agent, "r2")
    document = describe(agent)
    keeps_to_schema(document, "collector-status")
    (warning,) = document["warnings"]
    assert "how many of its changes were not reported is unknown" in warning
    assert f"{path}.broken-" in warning
