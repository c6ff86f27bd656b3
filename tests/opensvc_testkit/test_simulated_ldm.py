"""Simulated logical domains: states, lines and exit statuses as the vendor's facts tell them.

Lines of active domains were captured by others; messages, and the fields of domains that are off, are [R].
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from opensvc_testkit.simulated import FaultKind, SimulatedCluster
from tests.opensvc_testkit.solaris_pair import FIRST, SECOND, Pair, ok, said

pytestmark = pytest.mark.simulated

ADDRESS = "192.168.1.60"
NOT_FOUND = (1, "", "LDom nosuch not found\n")


@pytest.fixture
def pair(simulated_cluster: SimulatedCluster, tmp_path: Path) -> Pair:
    """Two nodes that know the inactive domain ``ld1``."""
    made = Pair.make(simulated_cluster, tmp_path)
    made.solaris.define_domain("ld1", [FIRST, SECOND], disks={"vol0": "/dev/dsk/c0t1d0s2"}, address=ADDRESS)
    return made


def ldm(pair: Pair, *words: str) -> subprocess.CompletedProcess[str]:
    return pair.first.run("ldm", *words)


def state(pair: Pair, node: str = FIRST) -> str:
    return pair.solaris.domain_state(node, "ld1")


def fields(line: str) -> dict[str, str]:
    head, *rest = line.split("|")
    assert head == "DOMAIN"
    return dict(word.split("=", 1) for word in rest)


def start(pair: Pair) -> None:
    ok(ldm(pair, "bind", "ld1"))
    assert ok(ldm(pair, "start", "ld1")) == "LDom ld1 started\n"


def test_parsable_listing(pair: Pair) -> None:
    version, primary, guest = ok(ldm(pair, "list", "-p")).splitlines()
    assert version == "VERSION 1.11"
    assert list(fields(primary)) == ["name", "state", "flags", "cons", "ncpu", "mem", "util", "uptime", "norm_util"]
    assert fields(primary)["flags"] == "-n-cv-"
    assert guest == "DOMAIN|name=ld1|state=inactive|flags=------|cons=|ncpu=4|mem=4294967296|util=|uptime=|norm_util="


def test_one_domain_through_its_states(pair: Pair) -> None:
    seen = []
    for words in (["list", "-p", "ld1"], ["bind", "ld1"], ["start", "ld1"], ["stop", "ld1"], ["unbind", "ld1"]):
        ok(ldm(pair, *words))
        found = fields(ok(ldm(pair, "list", "-p", "ld1")).splitlines()[1])
        seen.append((found["state"], found["flags"], found["cons"]))
    assert seen == [
        ("inactive", "------", ""),
        ("bound", "------", "5000"),
        ("active", "-n----", "5000"),
        ("bound", "------", "5000"),
        ("inactive", "------", ""),
    ]


def test_options_after_the_name(pair: Pair) -> None:
    assert ok(ldm(pair, "list", "ld1", "-p")) == ok(ldm(pair, "list-domain", "-p", "ld1"))
    table = ok(ldm(pair, "ls"))
    assert table.splitlines()[0].split() == ["NAME", "STATE", "FLAGS", "CONS", "VCPU", "MEMORY", "UTIL", "NORM",
                                             "UPTIME"]  # fmt: skip
    assert table.splitlines()[2].split() == ["ld1", "inactive", "------", "4", "4G"]


@pytest.mark.parametrize(
    "words",
    [["list", "-p", "nosuch"], ["bind", "nosuch"], ["start", "nosuch"], ["stop", "nosuch"], ["unbind", "nosuch"],
     ["list-variable", "auto-boot?", "nosuch"], ["list", "-o", "disk", "-p", "nosuch"]],
    ids=" ".join,
)  # fmt: skip
def test_an_unknown_domain(words: list[str], pair: Pair) -> None:
    assert said(ldm(pair, *words)) == NOT_FOUND


def test_an_unknown_domain_beside_a_known_one(pair: Pair) -> None:
    done = ldm(pair, "list", "-p", "ld1", "nosuch")
    assert (done.returncode, done.stderr) == (1, "LDom nosuch not found\n")
    assert done.stdout.splitlines()[1].startswith("DOMAIN|name=ld1|")


REFUSED = [
    ("inactive", "start", "LDom ld1 must be bound before it can be started"),
    ("inactive", "stop", "LDom ld1 is not running"),
    ("inactive", "unbind", "LDom ld1 is not bound"),
    ("bound", "bind", "LDom ld1 is already bound"),
    ("bound", "stop", "LDom ld1 is not running"),
    ("active", "bind", "LDom ld1 is already bound"),
    ("active", "start", "LDom ld1 is already started"),
    ("active", "unbind", "LDom ld1 must be stopped before it can be unbound"),
]


@pytest.mark.parametrize(("before", "subcommand", "text"), REFUSED, ids=[" ".join(row[:2]) for row in REFUSED])
def test_what_a_state_forbids(before: str, subcommand: str, text: str, pair: Pair) -> None:
    if before != "inactive":
        ok(ldm(pair, "bind", "ld1"))
    if before == "active":
        ok(ldm(pair, "start", "ld1"))
    assert said(ldm(pair, subcommand, "ld1")) == (1, "", f"{text}\n")
    assert state(pair) == before


def test_words_that_are_no_command(pair: Pair) -> None:
    assert said(ldm(pair, "nonsense")) == (
        1,
        "",
        "Unknown command nonsense; use --help option for list of available commands\n",
    )
    assert ldm(pair).returncode == 1
    assert ldm(pair, "bind").returncode == 1


def test_disks_and_the_service_behind_them(pair: Pair) -> None:
    disks = ok(ldm(pair, "list", "-o", "disk", "-p", "ld1")).splitlines()
    assert disks[:2] == ["VERSION 1.11", "DOMAIN|name=ld1"]
    assert disks[2].startswith("VDISK|name=vdisk0|vol=vol0@primary-vds0|")
    services = ok(ldm(pair, "list-services", "-p")).splitlines()
    at = services.index("VDS|name=primary-vds0")
    assert services[at + 1].split("|")[:4] == ["", "vol=vol0", "opts=", "dev=/dev/dsk/c0t1d0s2"]


def test_variables(pair: Pair) -> None:
    # That an unset one is an error is [R].
    unset = ldm(pair, "list-variable", "auto-boot?", "ld1")
    assert said(unset) == (1, "", "Variable auto-boot? not found\n")
    ok(ldm(pair, "set-variable", "auto-boot?=false", "ld1"))
    assert ok(ldm(pair, "list-variable", "auto-boot?", "ld1")) == "auto-boot?=false\n"
    assert ok(ldm(pair, "list-variable", "ld1")) == "auto-boot?=false\n"


def test_a_domain_that_does_not_boot_by_itself_waits_at_its_prompt(pair: Pair) -> None:
    ok(ldm(pair, "set-var", "auto-boot?=false", "ld1"))
    start(pair)
    assert fields(ok(ldm(pair, "list", "-p", "ld1")).splitlines()[1])["flags"] == "-t----"
    assert pair.cluster.running_on("ld1") == ()
    assert ok(ldm(pair, "stop", "ld1")) == "LDom ld1 stopped\n"


def test_the_guest_answers_when_it_has_booted(pair: Pair) -> None:
    pair.cluster.change_guest("ld1", boot_time=60.0, shell_delay=30.0)
    start(pair)
    assert state(pair) == "active"
    assert fields(ok(ldm(pair, "list", "-p", "ld1")).splitlines()[1])["flags"] == "-t----"
    assert said(pair.first.run("ping", ADDRESS, "1")) == (1, f"no answer from {ADDRESS}\n", "")
    pair.cluster.advance(91)
    assert ok(pair.first.run("ping", ADDRESS, "1")) == f"{ADDRESS} is alive\n"
    assert ok(pair.first.run("ssh", "ld1", "hostname; zonename; uname -s")) == "ld1\nglobal\nSunOS\n"
    assert ok(pair.first.run("ssh", "ld1", "svcs -H -o state milestone/multi-user")) == "online\n"
    # It has no ip, and never this machine's.
    listed = pair.first.run("ssh", "ld1", "ip addr show || ifconfig -a")
    assert (listed.returncode, listed.stderr) == (0, "sh: 1: ip: not found\n")
    assert f"\tinet {ADDRESS} netmask ffffff00" in listed.stdout


@pytest.mark.parametrize(("level", "after"), [("5", "bound"), ("0", "active")])
def test_a_guest_that_stops_by_itself(level: str, after: str, pair: Pair) -> None:
    start(pair)
    ok(pair.first.run("ssh", "ld1", f"/usr/sbin/init {level}"))
    assert pair.cluster.running_on("ld1") == ()
    # Halted only, it sits at the firmware's prompt.
    assert state(pair) == after


def test_a_guest_that_reboots_or_panics_stays_active(pair: Pair) -> None:
    pair.cluster.set_launcher("ld1", "S10db")
    start(pair)
    ok(pair.first.run("ssh", "ld1", "/svc/etc/init.d/S10db start"))
    assert pair.cluster.is_application_up("ld1", "db")
    pair.cluster.crash_guest(FIRST, "ld1")
    assert state(pair) == "active"
    assert pair.cluster.running_on("ld1") == (FIRST,)
    assert not pair.cluster.is_application_up("ld1", "db")
    ok(pair.first.run("ssh", "ld1", "/sbin/init 6"))
    assert pair.cluster.running_on("ld1") == (FIRST,)


def test_stop_waits_for_the_guest(pair: Pair) -> None:
    pair.cluster.change_guest("ld1", shutdown_time=60.0)
    start(pair)
    process = pair.first.popen("ldm", "stop", "ld1")
    while not is_stopping(pair):
        assert process.poll() is None
    pair.cluster.advance(61)
    assert process.communicate(timeout=20) == ("LDom ld1 stopped\n", "")
    assert state(pair) == "bound"


def is_stopping(pair: Pair) -> bool:
    with pair.cluster.opened() as world:
        return world["nodes"][FIRST]["powered"]["ld1"]["off_at"] is not None


def test_stop_gives_up_and_force_does_not(pair: Pair) -> None:
    pair.cluster.change_guest("ld1", shutdown_time=None)
    start(pair)
    process = pair.first.popen("ldm", "stop-domain", "ld1")
    pair.cluster.wait_for_call("ldm", "stop-domain")
    while process.poll() is None:
        pair.cluster.advance(60)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (1, "", "LDom ld1 stop notification failed\n")
    assert state(pair) == "active"
    assert ok(ldm(pair, "stop", "-f", "ld1")) == "LDom ld1 stopped\n"
    assert state(pair) == "bound"


def test_bind_wants_the_volumes(pair: Pair) -> None:
    with pair.cluster.opened() as world:
        world["nodes"][FIRST]["platforms"]["ldm"]["services"].clear()
    done = ldm(pair, "bind", "ld1")
    assert said(done) == (1, "", "Volume vol0@primary-vds0 of virtual disk vdisk0 does not exist\n")


def test_a_domain_runs_on_two_nodes_if_told_so(pair: Pair) -> None:
    start(pair)
    ok(pair.second.run("ldm", "bind", "ld1"))
    ok(pair.second.run("ldm", "start", "ld1"))
    # Nothing in the platform prevents it: that is the cluster's work.
    assert pair.cluster.running_on("ld1") == (FIRST, SECOND)


def test_live_migration(pair: Pair) -> None:
    pair.cluster.set_launcher("ld1", "S10db")
    start(pair)
    ok(pair.first.run("ssh", "ld1", "/svc/etc/init.d/S10db start"))
    asks = ldm(pair, "migrate", "ld1", "root@sol2")
    assert asks.returncode == 1
    ok(ldm(pair, "migrate-domain", "-n", "-p", "/etc/ldm.password", "ld1", "root@sol2"))
    assert state(pair) == "active"
    ok(ldm(pair, "migrate-domain", "-p", "/etc/ldm.password", "ld1", "root@sol2"))
    assert (state(pair), state(pair, SECOND)) == ("", "active")
    assert pair.cluster.running_on("ld1") == (SECOND,)
    assert pair.cluster.is_application_up("ld1", "db")


def test_migration_to_nowhere(pair: Pair) -> None:
    start(pair)
    done = ldm(pair, "migrate", "-c", "ld1", "elsewhere")
    assert said(done) == (1, "", "Failed to establish connection with ldmd(1m) on target: elsewhere\n")
    ok(pair.second.run("ldm", "bind", "ld1"))
    assert ldm(pair, "migrate", "-c", "ld1", "sol2").returncode == 1
    assert state(pair) == "active"


FAULTS: list[tuple[FaultKind, Callable[[subprocess.CompletedProcess[str]], bool], str]] = [
    (FaultKind.FAIL, lambda done: said(done) == (1, "", "no way\n"), "bound"),
    (FaultKind.GARBAGE, lambda done: said(done) == (0, "no way\n", ""), "bound"),
    (FaultKind.CRASH, lambda done: (done.returncode, done.stdout) == (-9, "LDom ld1"), "active"),
    (FaultKind.PARTIAL, lambda done: said(done) == (0, "LDom ld1", ""), "active"),
    (FaultKind.SLOW, lambda done: said(done) == (0, "LDom ld1 started\n", ""), "active"),
]


@pytest.mark.parametrize(("kind", "fits", "after"), FAULTS, ids=[row[0].value for row in FAULTS])
def test_faults_of_a_start(
    kind: FaultKind, fits: Callable[[subprocess.CompletedProcess[str]], bool], after: str, pair: Pair
) -> None:
    ok(ldm(pair, "bind", "ld1"))
    pair.cluster.set_fault("ldm", kind, words=["start"], text="no way\n", seconds=0.05, times=1)
    assert fits(ldm(pair, "start", "ld1"))
    assert state(pair) == after


def test_a_start_that_is_late_is_bound_until_then(pair: Pair) -> None:
    ok(ldm(pair, "bind", "ld1"))
    pair.cluster.set_fault("ldm", FaultKind.LATE, words=["start"], seconds=3600, times=1)
    process = pair.first.popen("ldm", "start", "ld1")
    pair.cluster.wait_for_call("ldm", "start")
    assert state(pair) == "bound"
    assert process.poll() is None
    while process.poll() is None:
        pair.cluster.advance(1800)
    assert process.communicate(timeout=20) == ("LDom ld1 started\n", "")
    assert state(pair) == "active"


def test_a_listing_that_hangs(pair: Pair) -> None:
    pair.cluster.set_fault("ldm", FaultKind.HANG, words=["list"])
    process = pair.first.popen("ldm", "list", "-p")
    pair.cluster.wait_for_call("ldm", "list")
    assert process.poll() is None
    pair.cluster.clear_faults()
    assert process.communicate(timeout=20)[0].startswith("VERSION 1.11\n")


def test_what_is_not_simulated_says_so(pair: Pair) -> None:
    assert said(ldm(pair, "add-vcpu", "2", "ld1")) == (70, "", "simulated ldm: not simulated: ldm add-vcpu 2 ld1\n")
