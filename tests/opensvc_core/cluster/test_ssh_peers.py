"""Peers over ssh, with a stand-in for ssh that starts the agent of the other node, or fails as ssh fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from opensvc_core.clock import Cancel, SystemClock
from opensvc_core.cluster.link import PeerError
from opensvc_core.cluster.ssh import LONGEST_SOCKET, Ssh
from opensvc_core.cluster.ssh_peers import SshPeers
from opensvc_core.cluster.ssh_words import read_failure
from opensvc_core.errors import Locked
from opensvc_core.host.local import DEFAULT_PATH, LocalHost
from opensvc_core.host.names import Resolver
from opensvc_core.lock import Holder, hold_lock
from opensvc_core.model import NodeState, Service
from opensvc_core.node import Folders

FILE = "[default]\nnodes = n1 n2 n3 n4\n\n[app#0]\ntype = launchers\n"
SERVICE = Service("s1", Path("s1.env"), nodes=("n1", "n2", "n3", "n4"))
HOLDER = Holder(4711, "alice", "start", 1.0, "abc")
LIMIT = 30.0
"""Seconds until a peer counts as out of reach where that is not what is tested."""
SSH = """#!{python}
import os, sys, time
from pathlib import Path
words, root = sys.argv[1:], Path({root!r})
with (root / "calls").open("a") as calls:
    calls.write(" ".join(words) + "\\n")
if "-O" in words:
    sys.exit(0)
address = words[-2].partition("@")[2]
options = dict(words[i + 1].partition("=")[::2] for i, word in enumerate(words) if word == "-o")
node = options["HostKeyAlias"]
socket = options["ControlPath"].strip('"')
if options["ControlMaster"] == "auto" and os.path.exists(socket):
    time.sleep(600)
way = (root / f"way.{{address}}").read_text() if (root / f"way.{{address}}").exists() else "agent"
if way == "hang":
    time.sleep(600)
if way != "agent":
    rc, _, text = way.partition(" ")
    sys.stderr.write(text)
    sys.exit(int(rc))
os.environ.update(OSVC_ROOT=str(root / node), OSVC_NODE=node, SSH_ORIGINAL_COMMAND=words[-1])
os.execv(sys.executable, [sys.executable, "-m", "opensvc_core", "peer", "--from", "n1"])
"""

Open = Callable[..., SshPeers]


@pytest.fixture
def run() -> Iterator[Path]:
    """A folder with a short name."""
    with TemporaryDirectory(prefix="osvc-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def open_peers(tmp_path: Path, run: Path) -> Iterator[Open]:
    """`open_peers(limit)` are the peers of n1, whose ssh is the stand-in; n2, n3 and n4 have roots of their own."""
    opened: list[SshPeers] = []
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/ssh").write_text(SSH.format(python=sys.executable, root=str(tmp_path)))
    (tmp_path / "bin/ssh").chmod(0o755)
    for node in ("n1", "n2", "n3", "n4"):
        (tmp_path / node / "etc").mkdir(parents=True)
        (tmp_path / node / "etc/s1.env").write_text(FILE)
    # What is not in it has its name for an address.
    hosts = tmp_path / "n1/etc/hosts"

    def open_them(limit: float = LIMIT) -> SshPeers:
        clock = SystemClock()
        host = LocalHost("n1", f"{tmp_path / 'bin'}:{DEFAULT_PATH}")
        resolver = Resolver(hosts, clock, look_up=lambda name, *_, **__: [(0, 0, 0, "", (name, 0))])
        opened.append(SshPeers(Ssh(Folders(tmp_path / "n1"), run), host, resolver, clock, limit))
        return opened[-1]

    yield open_them
    for peers in opened:
        peers.close()


def calls(root: Path) -> list[str]:
    return (root / "calls").read_text().splitlines()


def is_free(root: Path, node: str, wait: float = 0) -> bool:
    holder = Holder(os.getpid(), "test", "test", 0.0)
    try:
        with hold_lock(root / node / "var/lock", "s1", holder, wait=wait, clock=SystemClock(), cancel=Cancel()):
            return True
    except Locked:
        return False


def test_all_are_asked_and_each_says_what_it_knows(tmp_path: Path, open_peers: Open) -> None:
    (tmp_path / "way.n3").write_text("255 ssh: connect to host n3 port 22: No route to host\n")
    (tmp_path / "n4/etc/s1.env").unlink()
    second, third, fourth = open_peers().ask(SERVICE, ("n2", "n3", "n4"))
    assert (second.node, second.state) == ("n2", NodeState.DOWN)
    assert (third.node, third.state) == ("n3", NodeState.UNKNOWN)
    assert third.text == "n3 cannot be reached: ssh: connect to host n3 port 22: No route to host"
    assert (fourth.node, fourth.state) == ("n4", NodeState.UNKNOWN)
    assert "osvc sync all s1" in fourth.text


def test_a_node_that_was_not_reached_is_not_tried_again(tmp_path: Path, open_peers: Open) -> None:
    (tmp_path / "way.n3").write_text("255 Permission denied (publickey).\n")
    peers = open_peers()
    for _ in range(3):
        with pytest.raises(PeerError, match="n3 does not know the key of this node") as caught:
            peers.link("n3")
        assert caught.value.code == "peer_refused"
    assert len(calls(tmp_path)) == 1
    peers.link("n2")
    assert peers.link("n2") is peers.link("n2")


def test_a_node_that_hangs_costs_its_limit_and_no_answer_of_another(tmp_path: Path, open_peers: Open) -> None:
    (tmp_path / "way.n3").write_text("hang")
    peers = open_peers(3.0)
    second, third = peers.ask(SERVICE, ("n2", "n3"))
    assert second.state is NodeState.DOWN
    assert third.state is NodeState.UNKNOWN
    assert "n3 takes the connection and says nothing" in third.text


def test_a_connection_that_an_earlier_command_left_and_that_hangs_is_dropped(tmp_path: Path, open_peers: Open) -> None:
    peers = open_peers(10.0)
    socket = peers.ssh.socket("n2", "n2")
    assert socket is not None
    socket.write_text("")
    assert peers.link("n2").request("hello", {}, timeout=LIMIT)["node"] == "n2"
    assert not socket.exists()
    first, drop, second = calls(tmp_path)
    assert "ControlMaster=auto" in first
    assert drop.endswith("-O exit n2")
    assert "ControlPath=none" in second


ADDRESSES = ("10.0.0.2", "10.1.0.2", "fd00::2")
FAILURES = ("hang", "255 Permission denied (publickey).\n", "255 ssh: connect to host: No route to host\n")


@pytest.mark.parametrize(("good", "failure"), [(0, 0), (1, 0), (2, 1), (2, 2)])
def test_a_node_is_reached_at_whichever_of_its_addresses_leads_there(
    tmp_path: Path, open_peers: Open, good: int, failure: int
) -> None:
    (tmp_path / "n1/etc/hosts").write_text("".join(f"{address} n2\n" for address in ADDRESSES))
    for number, address in enumerate(ADDRESSES):
        if number != good:
            (tmp_path / f"way.{address}").write_text(FAILURES[failure])
    peers = open_peers()
    assert peers.link("n2").request("hello", {}, timeout=LIMIT)["node"] == "n2"
    # What goes beside the session takes the same way.
    assert peers.remote_shell("n2")[1] == ADDRESSES[good]
    assert all("HostKeyAlias=n2" in call for call in calls(tmp_path))


def test_a_connection_that_is_kept_is_taken_first_whatever_its_address(tmp_path: Path, open_peers: Open) -> None:
    (tmp_path / "n1/etc/hosts").write_text("10.0.0.2 n2\n10.1.0.2 n2\n")
    peers = open_peers(10.0)
    socket = peers.ssh.socket("n2", "10.1.0.2")
    assert socket is not None
    socket.write_text("")
    assert peers.link("n2").is_open
    first, *_ = calls(tmp_path)
    assert "root@10.1.0.2" in first


def test_a_node_that_no_address_leads_to_says_most_of_what_was_found_out(tmp_path: Path, open_peers: Open) -> None:
    (tmp_path / "n1/etc/hosts").write_text("10.0.0.2 n2\n10.1.0.2 n2\n")
    (tmp_path / "way.10.0.0.2").write_text("255 ssh: connect to host: No route to host\n")
    (tmp_path / "way.10.1.0.2").write_text("255 Permission denied (publickey).\n")
    with pytest.raises(PeerError) as caught:
        open_peers().link("n2")
    assert caught.value.code == "peer_refused"
    assert caught.value.message == (
        "n2 (10.1.0.2) does not know the key of this node; "
        "(10.0.0.2) cannot be reached: ssh: connect to host: No route to host"
    )


def test_addresses_that_all_hang_cost_the_limit_once(tmp_path: Path, open_peers: Open) -> None:
    (tmp_path / "n1/etc/hosts").write_text("".join(f"{address} n2\n" for address in ADDRESSES))
    for address in ADDRESSES:
        (tmp_path / f"way.{address}").write_text("hang")
    peers = open_peers(2.0)
    (found,) = peers.ask(SERVICE, ("n2",))
    assert found.state is NodeState.UNKNOWN
    assert len(calls(tmp_path)) == len(ADDRESSES)


def test_locks_are_held_there_until_the_run_ends(tmp_path: Path, open_peers: Open) -> None:
    peers, cancel = open_peers(), Cancel()
    with peers.hold_lock(SERVICE, "n2", HOLDER, wait=0, cancel=cancel):
        assert not is_free(tmp_path, "n2")
        with (
            pytest.raises(Locked, match="n2: s1: another run holds the lock: start by alice on n1"),
            open_peers().hold_lock(SERVICE, "n2", HOLDER, wait=0, cancel=cancel),
        ):
            pass
    assert is_free(tmp_path, "n2")
    assert not cancel.is_set


def test_a_peer_that_cannot_be_reached_holds_no_lock_and_the_run_goes_on(tmp_path: Path, open_peers: Open) -> None:
    (tmp_path / "way.n2").write_text("255 ssh: connect to host n2 port 22: Connection refused\n")
    peers, cancel = open_peers(), Cancel()
    with peers.hold_lock(SERVICE, "n2", HOLDER, wait=0, cancel=cancel):
        (found,) = peers.ask(SERVICE, ("n2",))
    assert found.state is NodeState.UNKNOWN
    assert not cancel.is_set


def test_a_lost_session_cancels_the_run_that_holds_a_lock_in_it(tmp_path: Path, open_peers: Open) -> None:
    peers, cancel = open_peers(), Cancel()
    with peers.hold_lock(SERVICE, "n2", HOLDER, wait=0, cancel=cancel):
        session = peers._session("n2")
        session.talk.end()
        assert cancel.event.wait(LIMIT)
        assert is_free(tmp_path, "n2", wait=LIMIT)
    assert cancel.reason == "the session with n2, which held the lock, was lost"


def test_closing_ends_sessions_and_forgets_who_was_not_reached(tmp_path: Path, open_peers: Open) -> None:
    peers = open_peers()
    (tmp_path / "way.n3").write_text("127 sh: /opt/opensvc/bin/osvc: not found\n")
    link = peers.link("n2")
    with pytest.raises(PeerError, match="there is no agent on n3"):
        peers.link("n3")
    peers.close()
    assert not link.is_open
    (tmp_path / "way.n3").unlink()
    assert peers.link("n3").is_open


@pytest.mark.parametrize(
    ("rc", "said", "code", "message"),
    [
        (255, "ssh: connect to host 10.0.0.2 port 22: Connection timed out\n", "peer_unreachable", "cannot be reached"),
        (255, "ssh: Could not resolve hostname n2: Name or service not known\n", "peer_unreachable", "be reached"),
        (255, "@  WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!  @\nx\n", "peer_refused", "another host key"),
        (255, "No ED25519 host key is known for n2 and you have requested\n", "peer_refused", "is not pinned"),
        (255, "root@10.0.0.2: Permission denied (publickey).\n", "peer_refused", "does not know the key"),
        (126, "osvc peer: refused: --from names no node\n", "peer_refused", "refuses: osvc peer: refused"),
        (127, "bash: osvc: command not found\n", "peer_unreachable", "there is no agent on"),
        (255, "Connection timed out during banner exchange\n", "peer_unreachable", "or the whole node hangs"),
        (None, "", "peer_unreachable", "its sshd or the whole node hangs"),
        (255, "kex_exchange_identification: Connection closed\n", "peer_unreachable", "no session with"),
        (3, "error: etc/node.conf: 4: what is this?\n", "peer_unreachable", "ended with status 3"),
        (255, "", "peer_unreachable", "ssh gave no reason"),
    ],
)
def test_every_failure_of_ssh_says_what_it_is_and_what_to_do(
    rc: int | None, said: str, code: str, message: str
) -> None:
    error = read_failure("n2", "10.0.0.2", rc, said, Path("/k"))
    assert error.code == code
    assert message in error.message
    assert "n2 (10.0.0.2)" in error.message
    assert error.hint


def test_nothing_of_the_users_ssh_has_a_say(tmp_path: Path) -> None:
    argv = Ssh(Folders(tmp_path)).session_argv("n2", "10.0.0.2", 5)
    assert argv[:3] == ("ssh", "-F", "none")
    assert argv[-3:] == ("--", "root@10.0.0.2", "osvc peer")
    given = set(argv)
    assert {"StrictHostKeyChecking=yes", "IdentitiesOnly=yes", "BatchMode=yes", "ClearAllForwardings=yes"} <= given
    assert {"HostKeyAlias=n2", "GlobalKnownHostsFile=/dev/null", "IdentityAgent=none"} <= given


def test_a_socket_lies_where_only_its_owner_comes_and_its_name_is_short_enough(tmp_path: Path, run: Path) -> None:
    near = Ssh(Folders(run)).socket("n2", "n2")
    assert near is not None
    assert near.parent == run / "var/ssh"
    assert near.parent.stat().st_mode & 0o777 == 0o700
    far = Folders(tmp_path / ("d" * 90))
    other = Ssh(far, run).socket("n2", "n2")
    assert other is not None
    assert other.parent.parent == run
    assert len(str(other)) <= LONGEST_SOCKET
    assert Ssh(far, run).socket("n3", "n3") != other
    # Where somebody else could put something there is none.
    other.parent.rmdir()
    other.parent.symlink_to(tmp_path)
    assert Ssh(far, run).socket("n2", "n2") is None
    assert "ControlPath=none" in Ssh(far, run).argv("n2", "n2", 5)
