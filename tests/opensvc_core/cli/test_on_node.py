"""`--node`: another node's agent acts as if it had been typed there; two nodes with real sessions."""

from __future__ import annotations

import json
import os
import signal
import subprocess

import pytest

from opensvc_core.errors import ExitStatus
from tests.opensvc_core.cli.conftest import BIN, FILE, PairNode
from tests.opensvc_core.cli.test_documents import check

pytestmark = pytest.mark.simulated

Pair = tuple[PairNode, PairNode]


def test_a_stop_a_start_and_a_status_on_the_other_node(pair: Pair) -> None:
    n1, n2 = pair
    told, typed = (
        node.call("plan", "stop", "web01", *words).stdout for node, words in ((n2, ["--node", "n1"]), (n1, []))
    )
    assert told == typed
    assert "K10web stop" in told
    stopped = n2.call("stop", "web01", "--node", "n1")
    assert (stopped.returncode, stopped.stdout) == (0, "web01: stop done: 1 change\n"), stopped.stderr
    assert "stop web01/app#0: done after" in stopped.stderr
    assert not n1.is_up
    (record,) = [
        line.split("\t") for line in n1.call("log", "web01", "-n", "1", "--format", "plain").stdout.splitlines()
    ]
    assert record[3] == "stop"
    assert record[4].endswith(" on n2")
    assert n2.call("log", "web01", "--format", "plain").stdout == ""  # nothing was done there
    started = n2.call("start", "web*", "--node", "n1", "--format", "json")
    document = json.loads(started.stdout)
    check("run", document)
    assert [(step["id"], step["node"], step["state"]) for step in document["steps"]] == [
        ("start web01/app#0", "n1", "done")
    ]
    assert (n1.is_up, n2.is_up) == (True, False)
    status = json.loads(n2.call("status", "--node", "n1", "--format", "json").stdout)
    check("status", status)
    mine = json.loads(n1.call("status", "--local", "--format", "json").stdout)
    assert status["node"] == "n1"
    assert status["services"] == mine["services"]
    assert n2.call("status", "--node", "n1").stdout == n1.call("status", "--local").stdout


def test_the_past_of_the_other_node_is_told_as_it_is_told_there(pair: Pair) -> None:
    n1, n2 = pair
    n1.add("db01", "[default]\nservice_type = TST\nnodes = n1\n\n[app#0]\n")
    assert n1.call("start", "db01").returncode == 0
    (run,) = json.loads(n1.call("log", "web01", "--format", "json").stdout)["runs"]
    for words in (["web01"], ["web01", "--format", "plain"], ["--run", run["id"], "-v"]):
        there = n2.call("log", *words, "--node", "n1")
        assert (there.returncode, there.stdout) == (0, n1.call("log", *words).stdout), there.stderr
    document = json.loads(n2.call("log", "--run", run["id"], "--node", "n1", "--format", "json").stdout)
    check("log", document)
    assert document == json.loads(n1.call("log", "--run", run["id"], "--format", "json").stdout)
    assert document["commands"]
    # Of services that both nodes are nodes of, and of no other.
    listed = json.loads(n2.call("log", "--node", "n1", "--format", "json").stdout)["runs"]
    assert [each["service"] for each in listed] == ["web01"]
    (other,) = json.loads(n1.call("log", "db01", "--format", "json").stdout)["runs"]
    for words, text in (
        (["--run", other["id"]], f"no run '{other['id']}' in the journal of n1"),
        (["db01"], "n2 is no node of db01"),
    ):
        refused = n2.call("log", *words, "--node", "n1")
        assert refused.returncode == ExitStatus.FAILED
        assert text in refused.stderr


def test_what_that_node_refuses_has_its_name_and_the_exit_status_of_there(pair: Pair) -> None:
    n1, n2 = pair
    refused = n1.call("start", "web01", "--node", "n2")
    assert refused.returncode == ExitStatus.VETOED
    assert "web01 on n2: runs on n1" in refused.stderr
    assert not n2.is_up
    preview = json.loads(n1.call("start", "web01", "--node", "n2", "--dry-run", "--format", "json").stdout)
    check("plan", preview)
    assert [(veto["code"], veto["is_liftable"]) for veto in preview["vetoes"]] == [("up_elsewhere", False)]
    n2.call("freeze", "web01")
    frozen, there = n1.call("start", "web01", "--node", "n2"), n2.call("start", "web01")
    assert (frozen.returncode, there.returncode) == (ExitStatus.FROZEN, ExitStatus.FROZEN)
    assert "n2: " in frozen.stderr
    (n2.root / "etc/web01.env").write_text(f"{FILE}start_timeout = soon\n")
    broken = n1.call("start", "web01", "--node", "n2")
    assert broken.returncode == n2.call("start", "web01").returncode == ExitStatus.CONFIG
    assert f"error: n2:{n2.root}/etc/web01.env:" in broken.stderr
    assert n1.call("stop", "web02", "--node", "n2").returncode == ExitStatus.CONFIG
    (n2.root / "off").touch()
    assert "No route to host" in n1.call("stop", "web01", "--node", "n2").stderr


def test_a_service_that_this_node_is_none_of_is_not_touched(pair: Pair) -> None:
    n1, n2 = pair
    n2.add("db01", "[default]\nservice_type = TST\nnodes = n2\n\n[app#0]\n")
    refused = n1.call("start", "db01", "--node", "n2")
    assert refused.returncode == ExitStatus.FAILED
    assert "n1 is no node of db01" in refused.stderr
    n1.call("stop", "web01")
    (n2.root / "etc/bad.env").write_text("[default]\nsecret = 1\n")
    hidden = n1.call("start", "*", "--node", "n2")  # whose that file is nobody can tell
    assert (hidden.returncode, "secret" in hidden.stderr) == (ExitStatus.CONFIG, False)
    assert n1.call("status", "--node", "n2", "--format", "json").returncode == ExitStatus.CONFIG
    (n2.root / "etc/bad.env").unlink()
    assert n1.call("start", "*", "--node", "n2").returncode == 0  # what both share
    assert n2.is_up
    assert not (n2.root / "etc/db01.d/.up").exists()
    assert list(json.loads(n1.call("status", "--node", "n2", "--format", "json").stdout)["services"]) == ["web01"]


def test_mon_shows_what_holds_actions_back_and_that_it_is_up_twice(pair: Pair) -> None:
    n1, n2 = pair

    def held() -> list[str]:
        rows = n1.call("mon", "--timeout", "20").stdout.splitlines()[1:3]
        return [row.split()[-1] if row.split()[-1] in {"yes", "node", "drain"} else "" for row in rows]

    assert held() == ["", ""]
    n1.call("freeze", "web01")
    n2.call("node", "drain", "--stop")
    assert held() == ["yes", "drain"]
    n1.call("node", "freeze")
    n2.call("node", "freeze")
    assert held() == ["node", "node"]
    document = json.loads(n1.call("mon", "--timeout", "20", "--format", "json").stdout)
    check("status", document)
    there = document["services"]["web01"]["elsewhere"]["n2"]
    assert (there["frozen"], there["node_frozen"], there["drained"]) == (True, True, True)
    (n2.root / "etc/web01.d/.up").touch()
    twice = n1.call("mon", "--timeout", "20")
    assert twice.returncode == 1
    assert "up on n1 and n2 at the same time" in " ".join(twice.stdout.split())


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_who_goes_while_it_starts_there_has_it_taken_back_there(pair: Pair, end: signal.Signals) -> None:
    n1, n2 = pair
    n1.call("stop", "web01")
    (n2.root / "etc/node.conf").write_text("[limits]\nlate_start = 200ms\n")
    folder = n2.root / "etc/web01.d"
    for pipe in (".hold", ".said"):
        os.mkfifo(folder / pipe)
    run = subprocess.Popen(
        [str(BIN / "osvc"), "start", "web01", "--node", "n2"],
        env=n1.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with (folder / ".said").open() as said:
        assert said.read() == "waiting\n"
    run.send_signal(end)
    stdout, _ = run.communicate(timeout=60)
    if end is signal.SIGINT:
        assert run.returncode == ExitStatus.CANCELLED
        assert stdout.startswith("web01: start cancelled: 1 step taken back")
    # The lock is let go once the way back is over; whoever asks for it waits for that.
    for pipe in (".hold", ".said"):
        (folder / pipe).unlink()
    assert n2.call("stop", "web01").returncode == 0
    log = [line.split("\t")[-1] for line in n2.call("log", "web01", "--format", "plain").stdout.splitlines()]
    assert log == ["done", "cancelled"]
    assert not n2.is_up
