"""Sessions on real sshd: what a stolen key of a peer could try, all refused and written down; peers that hang."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest

from tests.lab.cluster.cluster import ROOT, Cluster, service_text
from tests.lab.cluster.trust import trust_by_hand
from tests.lab.nodes import Node

Ssh = Callable[..., list[str]]

LOG = f"{ROOT}/log/peer.log"
NO_TICKET = "0" * 32
WORDS = "--server -logDtpre.iLsfxCIvu --stats --delete . "
COMMANDS = (
    "", "sh", "bash -i", "/bin/sh -c id", "id", "cat /etc/shadow", "sudo osvc peer", "exec osvc peer",
    "osvc", "osvc status", "osvc stop c1", "osvc start c1 --permit duplicate_address", "osvc node trust node9",
    "osvc config create evil", "osvc peer --from node3", "osvc peer --help", "osvc peer sh", "osvc peer hello",
    "osvc peer ", " osvc peer", "osvc  peer", "OSVC peer", "osvc peer #", "'osvc peer'", '"osvc" peer', "osvc\\ peer",
    "osvc pee?", "osvc peer*", "osvc peer;id", "osvc peer && id", "osvc peer || id", "osvc peer|sh", "osvc peer &",
    "osvc peer `id`", "osvc peer $(id)", "osvc peer $HOME", "osvc peer\nid", "osvc peer\n", "osvc\tpeer", "osvc peer\r",
    "osvc peer > /tmp/evil", "osvc peer < /etc/shadow", "osvc peer {a,b}", "osvc peer !!", "osvc peer \x01",
    f"{ROOT}/bin/osvc peer", "../osvc peer", "./osvc peer", "env osvc peer", f"OSVC_ROOT=/tmp {ROOT}/bin/osvc peer",
    "scp -t /root", "scp -f /etc/shadow", "scp -t -- /root/.ssh/authorized_keys", "internal-sftp",
    "/usr/lib/openssh/sftp-server", "git-upload-pack /opt", "cvs server", "rsync --server --sender -logDtpr . /etc",
    "rsync --server --daemon .", "rsync --server -logDtpr . /root/.ssh", "osvc peer receive", "osvc peer receive sh",
    "osvc peer receive ../../etc/passwd", f"osvc peer receive {NO_TICKET}", f"osvc peer receive {NO_TICKET} sh",
    f"osvc peer receive {NO_TICKET} {WORDS}/srv", f"osvc peer receive {NO_TICKET[1:]} {WORDS}/srv",
    f"osvc peer receive {NO_TICKET}/../x {WORDS}/srv", f"osvc peer receive -{NO_TICKET[1:]} {WORDS}/srv",
    "osvc peer channel", "osvc peer channel /run/libvirt/libvirt-sock", f"osvc peer channel {NO_TICKET}",
    f"osvc peer channel {NO_TICKET} extra", f"osvc peer channel {NO_TICKET};id", "osvc peer send",
    "osvc peer " + "x" * 9000,
)  # fmt: skip
"""What is asked of sshd in place of a session."""
OPTIONS = (
    "--daemon", "--config=/tmp/evil", "--files-from=/etc/passwd", "--log-file=/etc/cron.d/evil", "--sender", "-e sh",
    "--write-batch=/tmp/evil", "--rsync-path=sh", "--copy-devices", "--temp-dir=/etc", "--partial-dir ../..", "-s",
    "-L", "--link-dest=/etc", "--remove-source-files", "--no-such-option",
)  # fmt: skip
"""Words that an rsync with a good ticket may not have."""
OPERATIONS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("shell", {}), ("exec", {"argv": ["id"]}), ("eval", {"text": "1"}), ("", {}), ("hello\n", {}), ("HELLO", {}),
    ("locks:lock", {}), ("../locks", {}), ("__import__", {}), ("start", {"service": "c1"}),
    ("trust", {"node": "node9"}),
    ("lock", {"service": ".."}), ("lock", {"service": "a/b"}), ("lock", {"service": "c1\0"}),
    ("lock", {"service": "c1\n"}),
    ("lock", {"service": "-c1"}), ("lock", {"service": "x" * 300}), ("lock", {"service": "private"}),
    ("unlock", {"service": "../../etc"}), ("evidence", {"service": "../c1"}), ("evidence", {"service": "private"}),
    ("graph", {"service": "private"}), ("graph", {"service": "../../../etc/passwd"}),
    ("config", {"service": "private"}), ("config", {"service": "../node"}),
    ("step", {"run": "x", "action": "start", "service": "c1", "rid": "container#0"}),
    ("begin", {"run": "x"}), ("verify", {"run": "x", "service": "c1", "rid": "container#0"}),
    ("receive", {"service": "private", "rid": "sync#i0", "is_pull": False}),
    ("receive", {"service": "c1", "rid": "container#0", "is_pull": False}),
    ("received", {"service": "c1", "rid": "sync#1", "is_good": True}),
    ("channel", {"run": "x", "service": "c1", "rid": "container#0", "streams": ["x"], "seconds": 5}),
    ("put_files", {"service": "../c1", "files": []}),
    ("history", {"service": "private", "run": "", "limit": 20}),
    ("history", {"service": "../c1", "run": "", "limit": 1}),
    ("history", {"service": "", "run": "", "limit": 10**9}), ("history", {"service": "", "run": "%" * 99, "limit": 1}),
)  # fmt: skip
"""Operations in a session that do not exist, or are not for this peer."""
FORWARD = ("-o", "ClearAllForwardings=no")
ASK = """
import json, sys
from opensvc_core.cli.environment import open_here
from opensvc_core.cluster.lines import LONGEST
from opensvc_core.errors import OpenSVCError
link = open_here().peers.link("node2")
told = []
for operation, data in json.load(sys.stdin):
    try:
        told.append(["done", link.request(operation, data, timeout=20)])
    except OpenSVCError as error:
        told.append([error.code, error.message])
link.talk.send(b"x" * (LONGEST + 1))
try:
    told.append(["done", link.request("hello", {}, timeout=20)])
except OpenSVCError as error:
    told.append([error.code, error.message])
print(json.dumps(told))
"""
HELLO = """
import json
from opensvc_core.cli.environment import open_here
from opensvc_core.errors import OpenSVCError
try:
    print(open_here().peers.link("node2").request("hello", {}, timeout=20)["boot_id"])
except OpenSVCError as error:
    print(error.code, error.message)
"""
HOLD = """
import sys
from opensvc_core.cli.environment import open_here
from opensvc_core.clock import Cancel
from opensvc_core.lock import Holder
agent, cancel = open_here(), Cancel()
holder = Holder(1, "alice", "start", 1.0, "run")
with agent.peers.hold_lock(agent.load("c1"), "node2", holder, wait=0, cancel=cancel):
    print("held", flush=True)
    cancel.event.wait(60)
    print(cancel.reason, flush=True)
"""
TAKE = """
import json, sys, time
from opensvc_core.cli.environment import open_here
from opensvc_core.clock import Cancel, SystemClock
from opensvc_core.errors import Locked
from opensvc_core.lock import Holder, hold_lock
folder, holder, wait = open_here().node.folders.lock, Holder(1, "x", "x", 1.0), float(sys.argv[1])
try:
    with hold_lock(folder, "c1", holder, wait=wait, clock=SystemClock(), cancel=Cancel()):
        print("free")
except Locked as error:
    print(error)
"""
TRY = """
import json, subprocess, sys
from concurrent.futures import ThreadPoolExecutor
def run(argv):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    return [done.returncode, done.stdout, done.stderr]
with ThreadPoolExecutor(3) as pool:
    print(json.dumps(list(pool.map(run, json.load(sys.stdin)))))
"""
ISSUE = """
import json, sys
from pathlib import Path
from opensvc_core.cluster.tickets import issue
from opensvc_core.node import Folders
folders = Folders(Path(sys.argv[1]))
facts = {"service": "c1", "rid": "sync#1", "paths": ["/srv/in"], "is_sender": False}
print(json.dumps([issue(folders, peer, purpose, facts, seconds) for peer, purpose, seconds in json.load(sys.stdin)]))
"""
CALL = """
import json, sys
from pathlib import Path
from opensvc_core.cluster.ssh import Ssh
from opensvc_core.node import Folders
print(json.dumps(Ssh(Folders(Path(sys.argv[1]))).argv("node2", "node2", 10, shares=sys.argv[2] == "1")))
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Two nodes that let one another in."""
    with Cluster.up(2) as cluster:
        second = cluster.nodes[1]
        trust_by_hand(cluster)
        cluster.write_service("c1", service_text(["node1", "node2"]))
        cluster.write_service("private", service_text(["node2", "node3"]))
        second.exec(["mkdir", "-p", "/srv/in"], check=True)
        yield cluster


@pytest.fixture(scope="module")
def ssh(cluster: Cluster) -> Ssh:
    """`ssh(*options)` is how the agent of the first node calls ssh to the second; `options` win, they come first."""
    found: dict[bool, list[str]] = {}
    for shares in (True, False):
        done = cluster.nodes[0].exec([sys.executable, "-c", CALL, ROOT, str(int(shares))], check=True)
        found[shares] = json.loads(done.stdout)

    def call(*options: str, shares: bool = True) -> list[str]:
        program, *rest = found[shares]
        return [program, *options, *rest, "-l", "root", "node2"]

    return call


def attempt(node: Node, argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return node.exec(argv, timeout=60, input="")


def entries(node: Node, event: str) -> list[dict[str, Any]]:
    return [each for line in node.read(LOG).splitlines() if (each := json.loads(line))["event"] == event]


def tickets(node: Node, wanted: Sequence[tuple[str, str, float]]) -> list[str]:
    done = node.exec([sys.executable, "-c", ISSUE, ROOT], input=json.dumps(wanted), check=True)
    return list(json.loads(done.stdout))


def test_a_stolen_key_of_a_peer_gets_nothing_that_a_peer_has_no_need_of(cluster: Cluster, ssh: Ssh) -> None:
    first, second = cluster.nodes
    before = second.exec(
        ["sh", "-c", f"ls -lR /etc/cron.d /root/.ssh {ROOT}/etc {ROOT}/bin; ls /tmp"], check=True
    ).stdout
    # One connection for all that may share one.
    first.exec([*ssh(), "osvc peer"], input="", check=True)
    good, used, foreign, late, other = tickets(
        second,
        [("node1", "receive", 60), ("node1", "receive", 60), ("node3", "receive", 60), ("node1", "receive", -1),
         ("node1", "channel", 60)],
    )  # fmt: skip
    mine = tickets(second, [("node1", "receive", 300)] * (len(OPTIONS) + 4))

    # What is allowed works, and goes where the ticket says, whatever the peer names.
    first.write("/srv/data", "copied\n")
    shell = " ".join(f"'{word}'" if '"' in word or "=" in word else word for word in ssh()[:-1])
    push = [
        "rsync",
        "-a",
        "--timeout=20",
        "-e",
        shell,
        f"--rsync-path=osvc peer receive {used}",
        "/srv/data",
        "node2:/etc",
    ]
    first.exec(push, check=True)
    assert second.read("/srv/in/data") == "copied\n"

    forbidden = [
        *COMMANDS,
        *(f"osvc peer receive {ticket} {WORDS}/srv" for ticket in (used, foreign, late, other)),
        f"osvc peer channel {good}",
        *(f"osvc peer receive {t} --server {word} -logDtpr . /srv" for t, word in zip(mine, OPTIONS, strict=False)),
        f"osvc peer receive {mine[-1]} {WORDS}/srv /etc",
        f"osvc peer receive {mine[-2]} {WORDS}--files-from=/etc/passwd",
        f"osvc peer receive {mine[-3]} --server -logDtpr /srv",
        f"osvc peer receive {mine[-4]} --daemon --config=/tmp/evil .",
    ]
    assert len(set(forbidden)) == len(forbidden)
    tried = json.dumps([[*ssh(), *([command] if command else [])] for command in forbidden])
    done = json.loads(first.exec([sys.executable, "-c", TRY], input=tried, timeout=200, check=True).stdout)
    refused = [entry for entry in entries(second, "refused") if "operation" not in entry]
    known = [entry.get("command", "") for entry in refused]
    for command, (status, stdout, stderr) in zip(forbidden, done, strict=True):
        assert status == 126, (command, status, stderr)
        assert stdout == "", command
        assert stderr.startswith("osvc peer: refused: "), (command, stderr)
        assert known.count(command[:500]) == 1, command
    assert all(entry["peer"] == "node1" and entry["address"].startswith(first.address) for entry in refused)

    # What sshd itself keeps a peer from, each with a command that the gate refuses and writes down.
    count = len(refused)
    asked_of_sshd = [
        (["-tt"], "PTY allocation request failed"),
        ([*FORWARD, "-o", "ExitOnForwardFailure=yes", "-R", "2022:localhost:22"], "remote port forwarding failed"),
        ([*FORWARD, "-W", "localhost:22"], "administratively prohibited"),
        ([*FORWARD, "-o", "Tunnel=yes", "-w", "any"], ""),
        (["-o", "ForwardX11=yes"], ""),
        (["-o", "SetEnv=OSVC_ROOT=/tmp/evil LD_PRELOAD=/tmp/evil.so"], "osvc peer: refused"),
        (["-s"], ""),
    ]  # fmt: skip
    for options, word in asked_of_sshd:
        what = [] if "-W" in options else ["sftp" if "-s" in options else "id"]
        argv = [word for word in ssh("-o", "LogLevel=INFO", *options, shares=False) if word != "-T"]
        result = attempt(first, [*argv, *what])
        assert result.returncode != 0, options
        assert word in result.stderr, (options, result.stderr)
        assert "uid=" not in result.stdout
    assert len([e for e in entries(second, "refused") if "operation" not in e]) >= count + 4

    # In a session.
    result = first.exec([sys.executable, "-c", ASK], input=json.dumps(OPERATIONS), timeout=60, check=True)
    told = json.loads(result.stdout)
    for (operation, data), (code, text) in zip(OPERATIONS, told, strict=False):
        assert code != "done", (operation, data, text)
    assert told[-1][0] in {"peer_lost", "peer_unreachable"}, "a line that is too long ends the session"
    logged = [entry for entry in entries(second, "operation") + entries(second, "refused") if "operation" in entry]
    assert len([entry for entry in logged if entry["outcome"] != "done"]) == len(OPERATIONS)
    assert any("too long" in entry.get("text", "") for entry in entries(second, "end"))

    assert len(forbidden) + len(asked_of_sshd) + len(OPERATIONS) + 1 >= 100
    assert second.exec(["stat", "-c", "%a", LOG]).stdout == "600\n"
    after = second.exec(
        ["sh", "-c", f"ls -lR /etc/cron.d /root/.ssh {ROOT}/etc {ROOT}/bin; ls /tmp"], check=True
    ).stdout
    assert after == before
    assert second.exec(["ls", "/srv/in"]).stdout == "data\n"


def python(node: Node, script: str, *words: str) -> str:
    return node.exec([sys.executable, "-c", script, *words], timeout=60, check=True).stdout.strip()


def test_locks_on_a_peer_end_with_whoever_holds_them_and_a_lost_session_is_told(cluster: Cluster) -> None:
    first, second = cluster.nodes
    with first.popen([sys.executable, "-c", HOLD]) as run:
        assert run.stdout is not None
        assert run.stdout.readline().strip() == "held"
        assert "start by alice on node1, pid 1" in python(second, TAKE, "0")
        run.kill()
        run.wait(20)
    assert python(second, TAKE, "30") == "free"
    with first.popen([sys.executable, "-c", HOLD]) as run:
        assert run.stdout is not None
        assert run.stdout.readline().strip() == "held"
        second.off()
        assert run.stdout.readline().strip() == "the session with node2, which held the lock, was lost"
    second.on()


def test_trust_that_is_taken_back_ends_what_the_peer_has_under_way(cluster: Cluster, ssh: Ssh) -> None:
    """A session and the lock that it holds, and an rsync that writes here."""
    first, second = cluster.nodes
    files = ("/root/.ssh/authorized_keys", f"{ROOT}/etc/ssh/known_hosts")
    before = {file: second.read(file) for file in files}
    (ticket,) = tickets(second, [("node1", "receive", 60)])
    first.exec(["truncate", "-s", "64M", "/srv/large"], check=True)
    shell = " ".join(f"'{word}'" if '"' in word or "=" in word else word for word in ssh()[:-1])
    place = f"--rsync-path=osvc peer receive {ticket}"
    with (
        first.popen(["rsync", "-a", "--bwlimit=500", "-e", shell, place, "/srv/large", "node2:/etc"]) as push,
        first.popen([sys.executable, "-c", HOLD]) as run,
    ):
        assert run.stdout is not None
        assert run.stdout.readline().strip() == "held"
        second.exec(["sh", "-c", "until ls -A /srv/in | grep -q large; do sleep 0.02; done"], timeout=30, check=True)
        cluster.told(second, "node", "trust", "--remove", "node1")
        assert run.stdout.readline().strip() == "the session with node2, which held the lock, was lost"
        assert push.wait(30) != 0
    assert python(second, TAKE, "0") == "free"
    assert [entry for entry in entries(second, "end") if entry.get("text") == "node1 is not let in any more"]
    assert python(first, HELLO).startswith("peer_refused")
    assert second.exec(["pgrep", "-x", "rsync"]).returncode == 1
    # As if the card had been taken again.
    for file, content in before.items():
        second.write(file, content, mode=0o600)
    second.exec(["rm", "-r", f"{ROOT}/etc/ssh/withdrawn"], check=True)
    assert "peer_" not in python(first, HELLO)


def test_a_node_is_reached_where_one_of_its_addresses_is_dead(cluster: Cluster) -> None:
    """The first of its addresses answers nothing, the second leads to a node that has another host key."""
    first, second = cluster.nodes
    first.exec(["rm", "-rf", f"{ROOT}/var/ssh"], check=True)  # no connection is left of earlier commands
    dead = second.address.rpartition(".")[0] + ".250"
    first.write(f"{ROOT}/etc/hosts", f"{dead} node2\n{first.address} node2\n{second.address} node2\n")
    try:
        assert "peer_" not in python(first, HELLO)
    finally:
        first.exec(["rm", f"{ROOT}/etc/hosts"], check=True)


def test_a_connection_that_was_left_to_a_peer_that_died_or_froze_hangs_nothing(cluster: Cluster) -> None:
    first, second = cluster.nodes
    boot = python(first, HELLO)
    assert "peer_" not in boot
    second.freeze_sshd()
    try:
        told = python(first, HELLO)
        assert told.startswith(f"peer_unreachable node2 ({second.address}) takes the connection and says nothing")
    finally:
        second.thaw_sshd()
    assert python(first, HELLO) == boot
    second.off()
    assert python(first, HELLO).startswith("peer_unreachable node2")
    second.on()
    assert "peer_" not in python(first, HELLO)
