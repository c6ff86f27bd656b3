"""The observer starts a sender where one is due; it looks up no name, and waits for nobody."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from opensvc_collector_client import observer
from opensvc_collector_client.observer import PRIORITY, CollectorObserver, start_sender
from opensvc_collector_client.private_files import Lock, is_locked, try_lock
from opensvc_collector_client.settings import Places
from opensvc_collector_client.state import State
from opensvc_core.api import Agent, Event, EventKind
from opensvc_testkit.collector import RecordingCollector
from tests.opensvc_collector_client.node import act, make_node

pytestmark = pytest.mark.simulated

BEGIN = Event(EventKind.RUN_BEGIN, 1.0, "r1")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Locks of the senders that were started; nothing is; and no name may be looked up."""
    locks: list[int] = []

    class Child:
        def poll(self) -> None:
            return None

    def start(agent: Agent, lock: Lock) -> Any:
        assert is_locked(Places.of(agent.node).lock)
        locks.append(lock.descriptor)
        return Child()

    def look_up(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(observer, "start_sender", start)
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return locks


def watching(agent: Agent) -> CollectorObserver:
    watcher = CollectorObserver()
    watcher.attach(agent)
    return watcher


def test_a_sender_is_started_when_something_happened(tmp_path: Path, started: list[int]) -> None:
    watcher = watching(make_node(tmp_path))
    for kind in EventKind:
        watcher.observe(Event(kind, 1.0, "r1"))
    assert len(started) == 3  # begin, end, state


@pytest.mark.parametrize(
    "settings",
    ["", "[collector]\nurl =\n", "[collector]\nurl = 127.0.0.1\n", "[node]\ndbopensvc = http://127.0.0.1/x\n"],
)
def test_none_is_started_where_no_collector_is_named_or_found(
    settings: str, tmp_path: Path, started: list[int]
) -> None:
    watching(make_node(tmp_path, settings)).observe(BEGIN)
    assert started == []
    assert not (tmp_path / "var").exists()


def test_one_is_started_for_the_default_once_it_was_found(tmp_path: Path, started: list[int]) -> None:
    agent = make_node(tmp_path, "")
    State(last_success=1.0).write(Places.of(agent.node).state)
    watching(agent).observe(BEGIN)
    assert len(started) == 1


def test_none_is_started_while_the_collector_is_left_alone(tmp_path: Path, started: list[int]) -> None:
    agent = make_node(tmp_path)
    state = State()
    state.pause.fail(agent.clock.now(), agent.clock.monotonic(), agent.node.boot_id, lambda: 1.0)
    state.write(Places.of(agent.node).state)
    watching(agent).observe(BEGIN)
    assert started == []


def test_none_is_started_beside_another(tmp_path: Path, started: list[int]) -> None:
    agent = make_node(tmp_path)
    lock = try_lock(Places.of(agent.node).lock)
    assert lock is not None
    watching(agent).observe(BEGIN)
    assert started == []
    lock.release()
    watching(agent).observe(BEGIN)
    assert len(started) == 1


def test_a_sender_that_cannot_be_started_gives_the_lock_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = make_node(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    with pytest.raises(FileNotFoundError):
        watching(agent).observe(BEGIN)
    assert not is_locked(Places.of(agent.node).lock)


def test_a_sender_outlives_who_started_it_and_shares_nothing_but_its_lock(tmp_path: Path) -> None:
    with RecordingCollector.up(tmp_path / "collector") as collector:
        agent = make_node(tmp_path / "root", f"[collector]\nurl = {collector.url}\n")
        act(agent, "r1")
        lock = try_lock(Places.of(agent.node).lock)
        assert lock is not None
        other = os.open(tmp_path, os.O_RDONLY)
        os.set_inheritable(other, True)
        child = start_sender(agent, lock)
        lock.release()
        try:
            assert os.getsid(child.pid) == child.pid
            assert os.getpriority(os.PRIO_PROCESS, child.pid) >= PRIORITY
            links = {str(each.readlink()) for each in Path(f"/proc/{child.pid}/fd").iterdir() if each.exists()}
            assert str(tmp_path) not in links
            assert child.wait(60) == 0
        finally:
            os.close(other)
            if child.poll() is None:
                child.kill()
                child.wait()
        assert [call.method for call in collector.calls("begin_action", "end_action")] == ["begin_action", "end_action"]
    assert not is_locked(Places.of(agent.node).lock)


def test_what_sees_events_imports_nothing_that_sends(tmp_path: Path) -> None:
    code = (
        "import sys; from opensvc_collector_client.observer import CollectorObserver;"
        " print(sorted({'http', 'ssl', 'subprocess', 'xmlrpc', 'typer', 'sqlite3'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "xmlrpc" not in done.stdout
    assert "http" not in done.stdout
    assert "ssl" not in done.stdout
