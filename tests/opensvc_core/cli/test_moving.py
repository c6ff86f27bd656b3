"""`osvc switch` and its kin as an operator types them: two nodes with real sessions, over an ssh that is simulated."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from opensvc_core.errors import ExitStatus
from tests.opensvc_core.cli.conftest import BIN, FILE, PairNode
from tests.opensvc_core.cli.test_documents import check

pytestmark = pytest.mark.simulated


def test_a_switch_a_takeover_and_what_the_journals_say(pair: tuple[PairNode, PairNode]) -> None:
    n1, n2 = pair
    plan = n1.call("plan", "switch", "web01", "--to", "n2", "--format", "json")
    assert plan.returncode == 0, plan.stderr
    document = json.loads(plan.stdout)
    check("plan", document)
    assert [(step["id"], step["node"], step["status"]) for step in document["steps"]] == [
        ("stop web01/app#0", "n1", "up"),
        ("start web01/app#0 on n2", "n2", "down"),
    ]
    assert [command["host"] for step in document["steps"] for command in step["commands"]] == ["n1", "n2"]
    moved = n1.call("switch", "web01", "--to", "n2")
    assert (moved.returncode, moved.stdout) == (0, "web01: switch done: 2 changes\n"), moved.stderr
    assert "start web01/app#0 on n2: done after" in moved.stderr
    assert (n1.is_up, n2.is_up) == (False, True)
    (here,) = [line.split("\t") for line in n1.call("log", "web01", "-n", "1", "--format", "plain").stdout.splitlines()]
    (there,) = [
        line.split("\t") for line in n2.call("log", "web01", "-n", "1", "--format", "plain").stdout.splitlines()
    ]
    assert here[0] == there[0]
    assert there[4] == f"{here[4]} on n1"
    assert "S10web start" in n2.call("log", "--run", there[0]).stdout
    back = n1.call("takeover", "web01", "--format", "json")
    assert back.returncode == 0, back.stderr
    check("run", json.loads(back.stdout))
    assert (n1.is_up, n2.is_up) == (True, False)


def test_what_is_told_of_both_nodes_keeps_to_its_schema(pair: tuple[PairNode, PairNode]) -> None:
    n1, n2 = pair
    (n2.root / "etc/web01.env").write_text(f"{FILE}# another\n")
    told = {
        "config-diff": n1.call("config", "diff", "web01", "--node", "n2", "--format", "json"),
        "sync-plan": n1.call("sync", "nodes", "web01", "--dry-run", "--format", "json"),
        "node-trust-check": n1.call("node", "trust", "--check", "--format", "json"),
        "rounds-plan": n1.call("plan", "drain", "--format", "json"),
        "log": n1.call("log", "--format", "json"),
    }
    for name, answer in told.items():
        check(name, json.loads(answer.stdout))
    (step,) = json.loads(told["sync-plan"].stdout)["steps"]
    assert step["target"] == "n2"
    (plan,) = json.loads(told["rounds-plan"].stdout)["plans"]
    assert [each["id"] for each in plan["steps"]] == ["stop web01/app#0", "start web01/app#0 on n2"]
    assert n1.is_up


def test_a_start_that_hangs_there_goes_back_and_the_verdict_says_where(pair: tuple[PairNode, PairNode]) -> None:
    n1, n2 = pair
    (n2.root / "etc/web01.env").write_text(f"{FILE}start_timeout = 1\n")
    (n2.root / "etc/node.conf").write_text("[limits]\nlate_start = 200ms\n")
    os.mkfifo(n2.root / "etc/web01.d/.hold")  # nobody says a word: the launcher waits
    moved = n1.call("switch", "web01", "--to", "n2")
    assert moved.returncode == ExitStatus.FAILED
    assert moved.stdout == "web01: switch failed: 2 steps taken back, started again on n1\n"
    assert "raise start_timeout" in moved.stderr
    assert (n1.is_up, n2.is_up) == (True, False)


def test_a_node_that_is_off_is_no_destination(pair: tuple[PairNode, PairNode]) -> None:
    n1, n2 = pair
    (n2.root / "off").touch()
    moved = n1.call("switch", "web01", "--to", "n2")
    assert moved.returncode == ExitStatus.FAILED
    assert "No route to host" in moved.stderr
    assert n1.is_up


@pytest.mark.parametrize("where", ["n1", "n2"])
def test_a_switch_whose_driver_is_killed_amid_the_start_there_is_recovered_on_either_node(
    pair: tuple[PairNode, PairNode], where: str
) -> None:
    n1, n2 = pair
    folder = n2.root / "etc/web01.d"
    os.mkfifo(folder / ".hold")
    os.mkfifo(folder / ".said")
    run = subprocess.Popen(
        [str(BIN / "osvc"), "switch", "web01", "--to", "n2"],
        env=n1.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with (folder / ".said").open() as said:
        assert said.read() == "waiting\n"
    run.kill()
    run.wait(timeout=60)
    # The session ends with its process: the launcher there is ended, and the lock is let go once that is over.
    status = " ".join(n2.call("status", "web01", "--local").stdout.replace("│", " ").split())
    for pipe in (".hold", ".said"):
        (folder / pipe).unlink()
    recovered = (n1 if where == "n1" else n2).call("recover", "web01")
    assert recovered.returncode == 0, recovered.stderr
    assert "the switch by" in status + recovered.stderr
    assert n1.is_up != n2.is_up
    for node in (n1, n2):
        assert "interrupted" not in node.call("status", "web01", "--local").stdout
        again = node.call("recover", "web01")
        assert "nothing to recover" in again.stderr
