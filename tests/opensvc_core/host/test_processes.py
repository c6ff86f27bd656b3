"""Finding and ending what an earlier run left running, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.host.processes import (
    COMMAND_ID,
    end_group,
    find_by_marker,
    group_members,
    is_group_alive,
    is_running,
    parse_stat,
    process_start_time,
    process_state,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a shell script in a session of its own; it must print a line when it is ready."""
    children: list[subprocess.Popen[str]] = []

    def begin(script: str, **env: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            ["sh", "-c", script], start_new_session=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **env}
        )
        children.append(child)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        return child

    yield begin
    for child in children:
        for pid in group_members(child.pid):
            os.kill(pid, signal.SIGKILL)
        child.wait()
        assert child.stdout is not None
        child.stdout.close()


def test_knows_a_running_process_by_its_start_time(start: Start) -> None:
    child = start("echo ready; exec sleep 100")
    began = process_start_time(child.pid)
    assert is_running(child.pid, began)
    assert not is_running(child.pid, "1@another")
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not is_running(child.pid, began), "a dead process that nobody reaped does not run"
    child.wait()
    assert not is_running(child.pid, began)
    assert process_start_time(child.pid) == ""


def test_a_start_time_tells_boots_apart() -> None:
    ticks, at, boot = process_start_time(os.getpid()).partition("@")
    assert ticks.isdigit()
    assert at
    assert boot


def test_ends_a_group(start: Start) -> None:
    child = start("sleep 100 & echo ready; wait")
    assert end_group(child.pid, process_start_time(child.pid))
    assert not is_group_alive(child.pid)


def test_ends_a_group_whose_leader_is_dead(start: Start) -> None:
    child = start("sleep 100 & echo ready", **{COMMAND_ID: "run1-7"})
    began = process_start_time(child.pid)
    child.wait()
    assert group_members(child.pid)
    assert end_group(child.pid, began, marker="run1-7")
    assert not group_members(child.pid)


def test_ends_what_ignores_sigterm(start: Start) -> None:
    child = start("trap '' TERM; echo ready; while :; do sleep 0.05; done")
    assert end_group(child.pid, process_start_time(child.pid), grace=0.1)
    assert not is_group_alive(child.pid)


def test_leaves_a_later_process_of_the_same_number_alone(start: Start) -> None:
    child = start("echo ready; exec sleep 100")
    assert end_group(child.pid, "1@longago")
    assert child.poll() is None


def test_leaves_a_leaderless_group_without_the_mark_alone(start: Start) -> None:
    child = start("sleep 100 & echo ready", **{COMMAND_ID: "another"})
    child.wait()
    assert end_group(child.pid, "1@longago", marker="run1-7")
    assert group_members(child.pid)


def test_an_absent_group_is_gone() -> None:
    assert end_group(2**22 - 3, "1@x")


def test_finds_processes_by_their_mark_beyond_their_group(start: Start) -> None:
    child = start("setsid sh -c 'echo ready; exec sleep 100' & exec sleep 100", **{COMMAND_ID: "run2-1"})
    found = find_by_marker(COMMAND_ID, "run2-1")
    assert child.pid in found
    escaped = [pid for pid in found if pid not in group_members(child.pid)]
    for pid in escaped:
        os.kill(pid, signal.SIGKILL)
    assert len(escaped) == 1
    assert find_by_marker(COMMAND_ID, "run2-") == []


def test_own_process_is_read() -> None:
    state = process_state(os.getpid())
    assert state is not None
    assert (state.pid, state.group, state.session) == (os.getpid(), os.getpgid(0), os.getsid(0))
    assert not state.is_dead


def test_a_name_with_brackets_and_blanks_is_read(start: Start) -> None:
    child = start(
        f"exec {sys.executable} -c \"open('/proc/self/comm','w').write(') Z 1 (');print('ready',flush=True);input()\""
    )
    state = process_state(child.pid)
    assert state is not None
    assert state.group == child.pid


@given(st.text())
def test_garbage_is_no_process(text: str) -> None:
    state = parse_stat(text)
    assert state is None or state.pid >= 0 or text.lstrip().startswith("-")


@given(
    st.text(st.characters(exclude_characters="\n"), max_size=16),
    st.integers(1, 2**22),
    st.sampled_from("RSDTZX"),
    st.integers(0, 2**22),
    st.integers(0, 2**63),
)
def test_reads_any_name(name: str, pid: int, letter: str, group: int, ticks: int) -> None:
    state = parse_stat(f"{pid} ({name}) {letter} 1 {group} {group} " + "0 " * 15 + f"{ticks} 0 0")
    assert state is not None
    assert (state.pid, state.state, state.group, state.started) == (pid, letter, group, ticks)
