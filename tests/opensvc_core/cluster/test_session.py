"""Sessions over pipes: `osvc peer` as a child process, without ssh; killed, hung, and talking nonsense."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from opensvc_core.clock import Cancel, SystemClock
from opensvc_core.cluster.lines import LONGEST
from opensvc_core.cluster.link import PeerError
from opensvc_core.cluster.session import Session
from opensvc_core.cluster.withdrawn import withdraw
from opensvc_core.errors import Locked
from opensvc_core.host import Command
from opensvc_core.host.local import LocalHost
from opensvc_core.lock import Holder, hold_lock
from opensvc_core.model import NodeState
from opensvc_core.node import Folders

SECONDS = 30.0
"""How long a test waits for what must come; nothing is decided by it when all is well."""
SERVICE = "[default]\nnodes = n1 n2\n\n[app#0]\ntype = launchers\n"
HOLDER = {"pid": 4711, "user": "alice", "action": "start", "since": 1.0, "run_id": "abc"}

Begin = Callable[..., Session]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/s1.env").write_text(SERVICE)
    (tmp_path / "etc/other.env").write_text(SERVICE.replace("n1 n2", "n3 n2"))
    return tmp_path


@pytest.fixture
def begin(root: Path) -> Iterator[Begin]:
    """`begin()` is a session of n1 with an agent of n2; `begin(script)` one with a program that is none."""
    sessions: list[Session] = []

    def start(script: str = "", **more: Any) -> Session:
        argv = ("-c", script) if script else ("-m", "opensvc_core", "peer", "--from", "n1")
        env = {"OSVC_ROOT": str(root), "OSVC_NODE": "n2", "SSH_ORIGINAL_COMMAND": "osvc peer"}
        talk = LocalHost("n1").talk(Command((sys.executable, *argv), env=env))
        sessions.append(Session("n2", talk, SystemClock(), **more))
        return sessions[-1]

    yield start
    for session in sessions:
        session.close()


@pytest.fixture
def session(begin: Begin) -> Session:
    session = begin()
    assert session.open(SECONDS), session.talk.said
    return session


def log(root: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (root / "log/peer.log").read_text().splitlines()]


def lock(session: Session, **more: Any) -> None:
    session.request("lock", {"service": "s1", "holder": HOLDER, "wait": 0, **more}, timeout=SECONDS)


def is_free(root: Path) -> bool:
    """Whether the lock of `s1` can be had."""
    holder = Holder(os.getpid(), "test", "test", 0.0)
    try:
        with hold_lock(root / "var/lock", "s1", holder, wait=0, clock=SystemClock(), cancel=Cancel()):
            return True
    except Locked:
        return False


def wait_free(root: Path) -> None:
    holder = Holder(os.getpid(), "test", "test", 0.0)
    with hold_lock(root / "var/lock", "s1", holder, wait=SECONDS, clock=SystemClock(), cancel=Cancel()):
        pass


def test_a_node_says_who_it_is(session: Session) -> None:
    answer = session.request("hello", {}, timeout=SECONDS)
    assert (answer["node"], answer["os"], answer["host_mode"]) == ("n2", os.uname().sysname, "")
    assert answer["version"] == session.greeting["version"]


def test_a_request_without_an_end_has_one_all_the_same(session: Session) -> None:
    assert session.request("hello", {}, timeout=float("inf"))["node"] == "n2"


def test_a_lock_is_held_for_the_session_and_names_who_and_from_where(root: Path, session: Session) -> None:
    lock(session)
    lock(session)
    holder = Holder(os.getpid(), "test", "test", 0.0)
    taken = hold_lock(root / "var/lock", "s1", holder, wait=0, clock=SystemClock(), cancel=Cancel())
    with pytest.raises(Locked, match="start by alice on n1, pid 4711"), taken:
        pass
    session.request("unlock", {"service": "s1"}, timeout=SECONDS)
    assert is_free(root)


def test_a_second_session_is_told_who_holds_the_lock(begin: Begin, session: Session) -> None:
    lock(session)
    other = begin()
    assert other.open(SECONDS)
    with pytest.raises(Locked, match="n2: s1: another run holds the lock: start by alice on n1") as caught:
        lock(other)
    assert caught.value.code == "locked"


def test_a_wait_for_a_lock_is_ended_by_a_cancel(root: Path, session: Session) -> None:
    holder, cancel = Holder(os.getpid(), "test", "test", 0.0), Cancel()
    with hold_lock(root / "var/lock", "s1", holder, wait=0, clock=SystemClock(), cancel=Cancel()):
        threading.Timer(0.05, lambda: cancel.set("enough")).start()
        data = {"service": "s1", "holder": HOLDER, "wait": SECONDS}
        with pytest.raises(Exception, match="cancelled while waiting for the lock of s1: n1: enough") as caught:
            session.request("lock", data, timeout=SECONDS * 2, cancel=cancel)
    assert caught.value.code == "cancelled"  # type: ignore[attr-defined]


def test_the_end_of_a_session_lets_go_of_its_locks(root: Path, session: Session) -> None:
    lock(session)
    session.close()
    wait_free(root)
    assert session.talk.wait(SECONDS) == 0
    events = [entry["event"] for entry in log(root)]
    assert events == ["begin", "operation", "end"]


def test_trust_that_is_taken_back_ends_a_session_and_what_it_holds(root: Path, session: Session) -> None:
    lock(session)
    over = threading.Event()
    session.on_lost(over.set)
    withdraw(Folders(root), "n1")
    assert over.wait(SECONDS)
    wait_free(root)
    assert log(root)[-1]["text"] == "n1 is not let in any more"
    with pytest.raises(PeerError, match="the session is over: n1 is not let in any more"):
        session.request("hello", {}, timeout=SECONDS)


def test_what_is_under_way_when_trust_is_taken_back_is_finished_and_nothing_new_is_begun(
    root: Path, session: Session
) -> None:
    holder, answered = Holder(os.getpid(), "test", "test", 0.0), threading.Event()

    def wait_for_the_lock() -> None:
        lock(session, wait=SECONDS)
        answered.set()

    with hold_lock(root / "var/lock", "s1", holder, wait=0, clock=SystemClock(), cancel=Cancel()):
        session.request("hello", {}, timeout=SECONDS)
        threading.Thread(target=wait_for_the_lock, daemon=True).start()
        while 2 not in session._waiting:
            answered.wait(0.01)
        # The answer to a later line: the one before has been begun.
        session.request("hello", {}, timeout=SECONDS)
        withdraw(Folders(root), "n1")
        for _ in range(2):
            with pytest.raises(Exception, match="n2 does not let n1 in any more") as caught:
                session.request("evidence", {"service": "s1"}, timeout=SECONDS)
            assert caught.value.code == "peer_refused"  # type: ignore[attr-defined]
        assert session.is_open
    assert answered.wait(SECONDS)
    wait_free(root)
    assert [entry["outcome"] for entry in log(root) if entry.get("operation") == "evidence"] == ["peer_refused"] * 2


def test_evidence_is_what_the_drivers_answer_now(session: Session) -> None:
    answer = session.request("evidence", {"service": "s1"}, timeout=SECONDS)
    assert (answer["evidence"]["node"], answer["evidence"]["state"]) == ("n2", NodeState.DOWN.value)


def test_a_node_without_the_file_cannot_tell(session: Session) -> None:
    answer = session.request("evidence", {"service": "absent"}, timeout=SECONDS)
    assert answer["evidence"]["state"] == NodeState.UNKNOWN.value
    assert "osvc sync all absent --rid sync#i0" in answer["evidence"]["text"]


@pytest.mark.parametrize(
    ("operation", "data", "code"),
    [
        ("shell", {}, "peer_refused"),
        ("__class__", {}, "peer_refused"),
        ("lock", {}, "peer_garbage"),
        ("lock", {"service": "../s1", "holder": HOLDER, "wait": 0}, "peer_refused"),
        ("lock", {"service": "s1", "holder": {"pid": "x"}, "wait": 0}, "peer_garbage"),
        ("lock", {"service": "other", "holder": HOLDER, "wait": 0}, "not_a_peer"),
        ("evidence", {"service": "a/b"}, "peer_refused"),
        ("evidence", {"service": "s1\n"}, "peer_refused"),
        ("evidence", {"service": ["s1"]}, "peer_refused"),
    ],
)
def test_what_is_not_for_peers_is_refused_and_logged_and_the_session_goes_on(
    root: Path, session: Session, operation: str, data: dict[str, Any], code: str
) -> None:
    with pytest.raises(Exception, match="n2: ") as caught:
        session.request(operation, data, timeout=SECONDS)
    assert caught.value.code == code  # type: ignore[attr-defined]
    assert session.request("hello", {}, timeout=SECONDS)["node"] == "n2"
    assert [(entry["operation"], entry["outcome"]) for entry in log(root) if entry["event"] == "refused"] == [
        (operation, code)
    ]


@pytest.mark.parametrize(
    "line",
    [
        b"hello\n",
        b"[]\n",
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
        b'{"op":"hello"}\n',
        b'{"id":0,"op":"hello","data":{},"limit":1}\n',
        b'{"id":true,"op":"hello","data":{},"limit":1}\n',
        b'{"id":7,"op":["hello"],"data":{},"limit":1}\n',
        b'{"id":7,"op":"hello","data":[],"limit":1}\n',
        b'{"id":7,"op":"hello","data":{},"limit":-1}\n',
        b'{"id":7,"op":"hello","data":{},"limit":1e999}\n',
    ],
)
def test_garbage_is_answered_with_an_error_and_never_a_traceback(root: Path, session: Session, line: bytes) -> None:
    session.talk.send(line)
    assert session.request("hello", {}, timeout=SECONDS)["node"] == "n2"
    assert [entry["outcome"] for entry in log(root) if entry["event"] == "refused"] == ["peer_garbage"]
    assert session.talk.said == ""


@pytest.mark.parametrize("line", [b"x" * (LONGEST + 1), b"x" * LONGEST + b"\n"], ids=["without an end", "with its end"])
def test_a_line_that_is_too_long_ends_the_session(root: Path, session: Session, line: bytes) -> None:
    lost = threading.Event()
    session.on_lost(lost.set)
    session.talk.send(line)
    assert lost.wait(SECONDS)
    assert session.talk.wait(SECONDS) == 0
    assert "too long" in log(root)[-1]["text"]


def test_a_session_that_is_killed_fails_what_is_asked_of_it_and_frees_the_lock(root: Path, session: Session) -> None:
    lock(session)
    lost = threading.Event()
    session.on_lost(lost.set)
    os.killpg(session.talk.pid, signal.SIGKILL)
    assert lost.wait(SECONDS)
    assert not session.is_open
    with pytest.raises(PeerError, match="the session with n2 is over: the connection ended") as caught:
        session.request("hello", {}, timeout=SECONDS)
    assert caught.value.code == "peer_unreachable"
    wait_free(root)


def test_a_session_that_is_told_to_end_says_so_in_the_log(root: Path, session: Session) -> None:
    lock(session)
    os.kill(session.talk.pid, signal.SIGTERM)
    assert session.talk.wait(SECONDS) == 0
    assert is_free(root)
    assert log(root)[-1] | {"at": ""} == {
        "at": "", "event": "end", "peer": "n1", "address": "", "pid": session.talk.pid, "text": "SIGTERM",
    }  # fmt: skip


def test_a_peer_that_hangs_is_given_up_at_the_limit(session: Session) -> None:
    os.killpg(session.talk.pid, signal.SIGSTOP)
    with pytest.raises(PeerError, match=r"did not answer within 0\.2 s to: hello") as caught:
        session.request("hello", {}, timeout=0.2)
    assert caught.value.code == "peer_timeout"


def test_silence_is_noticed_by_who_asks(begin: Begin) -> None:
    session = begin(lost_after=0.5)
    assert session.open(SECONDS)
    lost = threading.Event()
    session.on_lost(lost.set)
    os.killpg(session.talk.pid, signal.SIGSTOP)
    assert lost.wait(SECONDS)
    assert session.reason == "nothing was heard for 0.5 s"


def test_who_answers_waits_for_a_silent_peer_as_long_as_that_peer_said_and_no_longer(
    begin: Begin, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = begin(lost_after=0.5)
    assert session.open(SECONDS)
    lock(session)
    assert not is_free(root)
    session.lost_after = SECONDS  # this end waits on, so that the other one does what it does by itself
    monkeypatch.setattr(Session, "_give_sign_of_life", lambda _self: None)
    wait_free(root)
    session.talk.wait(SECONDS)
    assert log(root)[-1]["text"] == "the peer gave no sign of life for 1 s"


def test_a_request_under_way_fails_with_the_session(begin: Begin, root: Path, session: Session) -> None:
    holder, failed = Holder(os.getpid(), "test", "test", 0.0), []
    with hold_lock(root / "var/lock", "s1", holder, wait=0, clock=SystemClock(), cancel=Cancel()):

        def ask() -> None:
            with pytest.raises(PeerError) as caught:
                lock(session, wait=SECONDS)
            failed.append(caught.value.code)

        thread = threading.Thread(target=ask)
        thread.start()
        other = session.request("hello", {}, timeout=SECONDS)
        assert other["node"] == "n2", "requests do not wait for one another"
        os.killpg(session.talk.pid, signal.SIGKILL)
        thread.join(SECONDS)
    assert failed == ["peer_lost"]


GREETING = '{"osvc": "peer", "protocol": 1, "version": "0.1.0", "node": "n2"}'


@pytest.mark.parametrize(
    ("greeting", "code", "text"),
    [
        (GREETING.replace("1,", "99,", 1), "peer_version", "speaks version 99"),
        (GREETING.replace("n2", "n7"), "peer_refused", "leads to a node that calls itself n7"),
    ],
)
def test_another_version_and_another_node_are_told(begin: Begin, greeting: str, code: str, text: str) -> None:
    session = begin(f"print('Welcome!\\n' + {greeting!r}, flush=True); input()")
    with pytest.raises(PeerError, match=text) as caught:
        session.open(SECONDS)
    assert caught.value.code == code


def test_a_peer_that_says_nothing_is_no_session(begin: Begin) -> None:
    session = begin("import sys; sys.stderr.write('not today\\n'); sys.exit(3)")
    assert not session.open(SECONDS)
    assert (session.talk.wait(SECONDS), session.talk.said) == (3, "not today\n")


def test_words_that_are_no_answer_end_the_session(begin: Begin) -> None:
    asked = "while '\"id\"' not in input(): pass"
    session = begin(f"print({GREETING!r}, flush=True)\n{asked}\nprint('Segmentation fault', flush=True); input()")
    assert session.open(SECONDS)
    with pytest.raises(PeerError, match="the peer sent a line that is no JSON") as caught:
        session.request("hello", {}, timeout=SECONDS)
    assert caught.value.code == "peer_lost"


def test_a_long_line_that_comes_slowly_is_a_sign_of_life(begin: Begin) -> None:
    # Longer than the silence that ends a session, piece by piece, each of them soon enough.
    slow = (
        "import json, sys, time\n"
        f"print({GREETING!r}, flush=True)\n"
        "while 'id' not in (asked := json.loads(input())): pass\n"
        "number = asked['id']\n"
        'for piece in [\'{"id": %d, "answer": {"x": "\' % number, *(\'y\' * 10), \'"}}\\n\']:\n'
        "    sys.stdout.write(piece); sys.stdout.flush(); time.sleep(0.2)\n"
        "input()"
    )
    session = begin(slow, lost_after=1.0)
    assert session.open(SECONDS)
    assert session.request("hello", {}, timeout=SECONDS) == {"x": "y" * 10}
