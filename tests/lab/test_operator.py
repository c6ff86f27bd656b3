"""What an operator meets at three in the morning, on a real libvirt: kills, locks, taken addresses, failing steps."""

from __future__ import annotations

import json
import signal

import pytest

from tests.lab.domain_xml import Kind
from tests.lab.nodes import Lab
from tests.lab.site import Site

TAKEN = "10.77.0.102"
NOBODY = "10.77.0.250"


def _outcomes(site: Site, name: str) -> list[str]:
    """How the runs of a service ended, newest first."""
    runs = json.loads(site.osvc("log", name, "--format", "json").stdout)["runs"]
    return [run["outcome"] for run in runs]


def test_an_address_that_somebody_else_has_forbids_the_start_and_says_who(site: Site, lab: Lab) -> None:
    other = lab.nodes[1]
    other.exec(["ip", "addr", "add", f"{TAKEN}/24", "dev", "br0"], check=True)
    try:
        mac = json.loads(other.exec(["ip", "-j", "link", "show", "br0"], check=True).stdout)[0]["address"]
        site.hypervisor.add("plain")
        site.service("plain", f"hostname = {TAKEN}", more=f"\n[ip#0]\nipname = {TAKEN}\n")
        done = site.osvc("start", "plain")
        assert done.returncode == 4, done.stderr
        assert "duplicate_address" in done.stderr
        assert mac in done.stderr
        assert site.hypervisor.state("plain") == "shut off"
    finally:
        other.exec(["ip", "addr", "del", f"{TAKEN}/24", "dev", "br0"])


def test_a_step_that_fails_takes_the_running_guest_back(site: Site) -> None:
    xml = site.hypervisor.domain_xml("penguin", Kind.LINUX, ip="10.77.0.101")
    site.hypervisor.define("penguin", xml)
    more = f"\n[ip#0]\nipname = {NOBODY}\nstart_timeout = 2\n"
    site.service("penguin", "start_timeout = 60", "hostname = 10.77.0.101", more=more)
    done = site.osvc("start", "penguin", "-v")
    assert done.returncode == 1, done.stderr
    assert site.hypervisor.state("penguin") == "shut off"
    assert _outcomes(site, "penguin") == ["failed"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_a_start_walks_the_way_back(site: Site, number: signal.Signals) -> None:
    site.hypervisor.add("plain")
    site.service("plain", f"hostname = {NOBODY}", "start_timeout = 60", more=f"\n[ip#0]\nipname = {NOBODY}\n")
    with site.start_in_background("start", "plain") as start:
        site.hypervisor.wait_state("plain", "running")
        site.hypervisor.wait_booted("plain")
        start.send_signal(number)
        assert start.wait(60) == 8
    assert site.hypervisor.state("plain") == "shut off"
    assert _outcomes(site, "plain") == ["cancelled"]


def test_a_killed_start_is_said_to_be_interrupted_and_the_next_one_waits_and_goes_on(site: Site) -> None:
    site.hypervisor.add("slow")
    site.service("slow")
    site.be_quick()
    site.hold_starts()
    with site.start_in_background("start", "slow") as start:
        site.await_held()
        start.send_signal(signal.SIGKILL)
        start.wait(20)
    status = site.osvc("status", "slow")
    assert "interrupted in the step start slow/container#0" in " ".join(status.stdout.split())
    site.let_go()
    site.hypervisor.wait_state("slow", "running")
    again = site.osvc("start", "slow")
    assert again.returncode == 0, again.stderr
    assert site.container("slow") == ("up", "")
    assert _outcomes(site, "slow") == ["done", "interrupted"]
    assert "interrupted" not in site.osvc("status", "slow").stdout


def test_recover_finishes_a_killed_start(site: Site) -> None:
    site.hypervisor.add("slow")
    site.service("slow")
    site.be_quick()
    site.hold_starts()
    with site.start_in_background("start", "slow") as start:
        site.await_held()
        start.send_signal(signal.SIGKILL)
        start.wait(20)
    site.let_go()
    done = site.osvc("recover", "slow")
    assert done.returncode == 0, done.stderr
    assert site.hypervisor.state("slow") == "running"


def test_of_two_at_once_the_second_is_told_who_holds_the_lock(site: Site) -> None:
    site.hypervisor.add("slow")
    site.service("slow")
    site.be_quick()
    site.hold_starts()
    with site.start_in_background("start", "slow") as first:
        site.await_held()
        second = site.osvc("start", "slow", "--wait", "0")
        assert second.returncode == 5, second.stderr
        assert "start by root, pid" in second.stderr
        site.let_go()
        assert first.wait(60) == 0
    assert site.hypervisor.state("slow") == "running"


def test_many_services_start_and_stop_in_one_run(site: Site) -> None:
    names = [f"boot{number}" for number in range(6)]
    site.hypervisor.add_many(names)
    for name in names:
        site.service(name)
    started = site.osvc("start", "boot*")
    assert started.returncode == 0, started.stderr
    assert {status for status, _ in site.containers(*names).values()} == {"up"}
    for name in names:
        site.hypervisor.wait_booted(name)
    assert site.osvc("stop", "boot*").returncode == 0
    assert {status for status, _ in site.containers(*names).values()} == {"down"}
