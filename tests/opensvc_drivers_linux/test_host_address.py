"""`ip.host` over a simulated `ip` that keeps its addresses in files."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from opensvc_core.api import ActionError, Cancel, Clock, Outcome, Status, StatusReport, Undetermined
from opensvc_core.model import Resource
from opensvc_core.recording import Recording
from opensvc_drivers_linux import HostAddress
from opensvc_drivers_linux.links import Link
from opensvc_drivers_linux.packets import Heard
from tests.opensvc_drivers_linux.world import World

pytestmark = pytest.mark.simulated

OTHER = "52:54:00:00:00:99"
FLAGS = ["BROADCAST", "MULTICAST", "UP", "LOWER_UP"]

# Adds to and takes from links.json what it is told to; with `after-add` it then takes that as what is there.
IP = """
case "$*" in
"-j addr show") cat links.json ;;
"addr add "*) [ -e add.fails ] && { cat add.fails >&2; exit 2; }; cp after-add links.json ;;
"addr del "*) [ -e del.fails ] && { cat del.fails >&2; exit 2; }; cp after-del links.json ;;
*) echo "simulated ip: not known: $*" >&2; exit 255 ;;
esac
"""

# After an add, each look but the first finds what lies in `settled`.
SETTLING_IP = """
case "$*" in
"-j addr show") cat links.json; [ ! -e added ] || cp settled links.json ;;
"addr add "*) cp after-add links.json; touch added ;;
esac
"""


@define
class StandInSegment:
    """A network on which `owner` has every address that is asked for; `trouble` is why it cannot be asked."""

    owner: Heard | None = None
    trouble: str = ""
    asked: list[tuple[str, str, str]] = field(factory=list)
    announced: list[str] = field(factory=list)

    def find_owner(
        self, address: str, link: Link, ours: Collection[str], clock: Clock, cancel: Cancel, sender: str = ""
    ) -> Heard | None:
        self.asked.append((address, link.name, sender))
        if self.trouble:
            raise ActionError(self.trouble)
        return self.owner

    def announce(self, address: str, link: Link) -> None:
        if self.trouble:
            raise ActionError(self.trouble)
        self.announced.append(address)


def link(name: str, *addresses: dict[str, Any], flags: list[str] | None = None) -> dict[str, Any]:
    """One interface as `ip -j` prints it."""
    return {
        "ifname": name,
        "flags": FLAGS if flags is None else flags,
        "link_type": "ether",
        "address": "52:54:00:00:00:01",
        "addr_info": list(addresses),
    }


def plumbed(address: str, prefix: int = 24, **more: bool) -> dict[str, Any]:
    """One address as `ip -j` prints it."""
    return {"family": "inet6" if ":" in address else "inet", "local": address, "prefixlen": prefix, **more}


OWN = plumbed("10.77.0.1")
SERVICE_ADDRESS = plumbed("10.77.0.50", secondary=True)


class Site(World):
    """A node whose `br0` has 10.77.0.1/24, and a service with 10.77.0.50 on it."""

    segment: StandInSegment
    driver: HostAddress

    def has(self, *links: dict[str, Any], file: str = "links.json") -> None:
        """The interfaces of the node, now or (`after-add`, `after-del`) after a change."""
        self.write(file, json.dumps(list(links)))

    def address(self, ipname: str = "10.77.0.50", ipdev: str = "br0", rid: str = "ip#0", **options: object) -> Resource:
        return self.resource("ip.host", HostAddress.keywords, rid, ipname=ipname, ipdev=ipdev, **options)

    def status(self, *resources: Resource) -> dict[str, StatusReport]:
        answers = self.driver.status(resources=list(resources), context=self.context("status"))
        return {resource_id.rid: report for resource_id, report in answers}

    def start(self, resource: Resource) -> Outcome:
        return self.driver.start(resource=resource, context=self.context())

    def stop(self, resource: Resource) -> Outcome:
        return self.driver.stop(resource=resource, context=self.context("stop"))

    @property
    def changes(self) -> list[str]:
        return [call for call in self.calls if call != "ip -j addr show" and not call.startswith("cat ")]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.segment = StandInSegment()
    site.driver = HostAddress(site.segment)
    site.simulate("ip", IP)
    site.has(link("br0", OWN))
    site.has(link("br0", OWN, SERVICE_ADDRESS), file="after-add")
    site.has(link("br0", OWN), file="after-del")
    return site


# -- status ---------------------------------------------------------------------------------------------------------


def test_one_call_tells_of_all_addresses(site: Site) -> None:
    site.has(link("br0", OWN, SERVICE_ADDRESS), link("eth1", plumbed("10.78.0.9")))
    resources = [
        site.address(),
        site.address("10.77.0.51", rid="ip#1"),
        site.address("10.78.0.9", rid="ip#2"),
        site.address("10.78.0.9", "eth1:3", rid="ip#3"),
    ]
    found = site.status(*resources)
    assert [found[f"ip#{n}"].status.value for n in range(4)] == ["up", "down", "warn", "up"]
    assert found["ip#2"].notes[0].code == "wrong_device"
    assert site.calls == ["ip -j addr show"]


@pytest.mark.parametrize(
    ("flags", "code"), [(["BROADCAST"], "link_down"), (["NO-CARRIER", "BROADCAST", "UP"], "no_carrier")]
)
def test_an_interface_that_nobody_is_reached_through_is_a_warning(site: Site, flags: list[str], code: str) -> None:
    site.has(link("br0", OWN, SERVICE_ADDRESS, flags=flags))
    (report,) = site.status(site.address()).values()
    assert (report.status, report.notes[0].code) == (Status.WARN, code)


def test_a_bridge_without_ports_can_be_as_it_should_be(site: Site) -> None:
    site.has(link("br0", OWN, SERVICE_ADDRESS, flags=["NO-CARRIER", "UP"]))
    (report,) = site.status(site.address(check_carrier=False)).values()
    assert report == StatusReport(Status.UP)


@pytest.mark.parametrize(
    ("more", "code"),
    [({"tentative": True}, "tentative"), ({"tentative": True, "dadfailed": True}, "duplicate_address")],
)
def test_an_address_that_the_kernel_does_not_use_is_a_warning(site: Site, more: dict[str, bool], code: str) -> None:
    site.has(link("br0", plumbed("fd00::50", 64, **more)))
    (report,) = site.status(site.address("FD00:0::50")).values()
    assert (report.status, report.notes[0].code) == (Status.WARN, code)


def test_down_says_what_is_wrong_with_the_interface(site: Site) -> None:
    (report,) = site.status(site.address(ipdev="eth9")).values()
    assert (report.status, report.notes[0].code) == (Status.DOWN, "no_device")


def test_another_prefix_is_noted(site: Site) -> None:
    site.has(link("br0", OWN, plumbed("10.77.0.50", 32)))
    (report,) = site.status(site.address()).values()
    assert (report.status, report.notes[0].code) == (Status.UP, "netmask")


def test_a_name_without_address_spoils_only_its_own_answer(site: Site) -> None:
    site.network.names["nobody"] = ()
    found = site.status(site.address("nobody"), site.address(rid="ip#1"))
    assert found["ip#0"].status is Status.UNDEF
    assert found["ip#0"].notes[0].code == "name_unknown"
    assert found["ip#1"].status is Status.DOWN


@pytest.mark.parametrize("script", ["echo garbage", "echo '[]'", "exit 1", "head -c 40 links.json"])
def test_an_ip_that_fails_or_says_nonsense_tells_nothing(site: Site, script: str) -> None:
    site.simulate("ip", script)
    with pytest.raises(ActionError):
        site.status(site.address())


# -- start ----------------------------------------------------------------------------------------------------------


def test_a_start_asks_adds_and_announces(site: Site) -> None:
    outcome = site.start(site.address())
    assert outcome.is_changed
    assert site.changes == ["ip addr add 10.77.0.50/24 brd + dev br0"]
    assert site.segment.asked == [("10.77.0.50", "br0", "")]
    assert site.segment.announced == ["10.77.0.50", "10.77.0.50"]


def test_an_address_that_is_there_is_left(site: Site) -> None:
    site.has(link("br0", OWN, SERVICE_ADDRESS))
    assert not site.start(site.address()).is_changed
    assert site.changes == []
    assert site.segment.asked == []


def test_an_address_that_another_machine_has_is_refused_and_its_owner_named(site: Site) -> None:
    site.segment.owner = Heard("10.77.0.50", OTHER, is_claim=True)
    with pytest.raises(ActionError, match=OTHER) as caught:
        site.start(site.address())
    assert caught.value.code == "duplicate_address"
    assert site.changes == []


def test_what_the_operator_permits_is_not_refused_again(site: Site) -> None:
    site.segment.owner = Heard("10.77.0.50", OTHER, is_claim=True)
    site.permits = frozenset({"duplicate_address"})
    assert site.start(site.address()).is_changed


def test_of_two_that_take_it_at_once_one_is_told_of_the_other(site: Site) -> None:
    site.segment.owner = Heard("10.77.0.50", OTHER, is_claim=False)
    with pytest.raises(ActionError, match="about to take it"):
        site.start(site.address())


def test_without_packets_ping_is_asked(site: Site) -> None:
    site.segment.trouble = "no right to"
    assert site.start(site.address()).is_changed
    site.has(link("br0", OWN))
    site.network.answers["10.77.0.50"] = True
    site.network.macs["10.77.0.50"] = OTHER
    with pytest.raises(ActionError, match=OTHER):
        site.start(site.address())


def test_an_ipv6_address_is_waited_for(site: Site) -> None:
    # The second look of the wait finds it usable.
    site.has(link("br0", plumbed("fd00::1", 64), plumbed("fd00::50", 64, tentative=True)), file="after-add")
    site.has(link("br0", plumbed("fd00::1", 64), plumbed("fd00::50", 64)), file="settled")
    site.has(link("br0", plumbed("fd00::1", 64)))
    site.simulate("ip", SETTLING_IP)
    assert site.start(site.address("fd00::50")).is_changed
    assert site.changes == ["ip addr add fd00::50/64 dev br0"]


def test_a_duplicate_that_the_kernel_finds_fails_the_start(site: Site) -> None:
    found = plumbed("fd00::50", 64, tentative=True, dadfailed=True)
    site.has(link("br0", plumbed("fd00::1", 64), found), file="after-add")
    site.has(link("br0", plumbed("fd00::1", 64)))
    with pytest.raises(ActionError) as caught:
        site.start(site.address("fd00::50"))
    assert caught.value.code == "duplicate_address"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"ipdev": "eth9"}, "no_device"),
        ({"netmask": "255.0.255.0"}, "netmask"),
        ({"ipname": "192.168.5.5"}, "netmask"),
        ({"ipname": "10.77.0.1", "ipdev": "eth1"}, "wrong_device"),
    ],
)
def test_a_start_that_cannot_be_is_refused_before_and_while(site: Site, options: dict[str, str], code: str) -> None:
    site.has(link("br0", OWN), link("eth1"))
    resource = site.address(**options)
    veto = site.driver.preflight(resource=resource, action="start", context=site.context())
    assert veto is not None
    assert (veto.code, veto.is_liftable) == (code, False)
    with pytest.raises(ActionError) as caught:
        site.start(resource)
    assert caught.value.code == code
    assert site.changes == []


def test_an_address_that_does_not_appear_fails_the_start(site: Site) -> None:
    site.has(link("br0", OWN), file="after-add")
    with pytest.raises(ActionError) as caught:
        site.start(site.address())
    assert caught.value.code == "address_not_added"


def test_a_dry_run_asks_and_changes_nothing(site: Site) -> None:
    recording = Recording()
    with pytest.raises(Undetermined):
        site.driver.start(resource=site.address(), context=site.context(recording=recording))
    assert [str(line) for line in recording.commands] == ["ip addr add 10.77.0.50/24 brd + dev br0"]
    assert site.changes == []
    assert site.segment.announced == []


def test_an_announcement_that_fails_is_a_warning(site: Site) -> None:
    site.segment.trouble = "the network is down"
    context = site.context()
    assert site.driver.start(resource=site.address(), context=context).is_changed
    assert "not_announced" in {note.code for note in context.notes}


# -- preflight ------------------------------------------------------------------------------------------------------


def test_before_a_start_the_network_is_asked_in_the_name_of_the_node(site: Site) -> None:
    resource = site.address()
    assert site.driver.preflight(resource=resource, action="start", context=site.context()) is None
    assert site.segment.asked == [("10.77.0.50", "br0", "10.77.0.1")], "a probe would disturb a node that starts"
    site.segment.owner = Heard("10.77.0.50", OTHER, is_claim=True)
    veto = site.driver.preflight(resource=resource, action="start", context=site.context())
    assert veto is not None
    assert (veto.code, veto.is_liftable) == ("duplicate_address", True)
    assert OTHER in veto.reason


def test_nothing_is_asked_before_a_stop_or_for_an_address_that_is_up(site: Site) -> None:
    resource = site.address()
    site.segment.owner = Heard("10.77.0.50", OTHER, is_claim=True)
    assert site.driver.preflight(resource=resource, action="stop", context=site.context("stop")) is None
    site.statuses[resource.id] = StatusReport(Status.UP)
    assert site.driver.preflight(resource=resource, action="start", context=site.context()) is None
    assert site.segment.asked == []


def test_a_network_that_cannot_be_asked_is_a_veto(site: Site) -> None:
    site.segment.trouble = "no right to"
    site.network.answers["10.77.0.50"] = ActionError("no route")
    veto = site.driver.preflight(resource=site.address(), action="start", context=site.context())
    assert veto is not None
    assert (veto.code, veto.is_liftable) == ("address_unknown", True)


def test_a_dead_interface_is_a_veto(site: Site) -> None:
    site.has(link("br0", OWN, flags=["UP", "NO-CARRIER"]))
    veto = site.driver.preflight(resource=site.address(), action="start", context=site.context())
    assert veto is not None
    assert (veto.code, veto.is_liftable) == ("no_carrier", True)


# -- stop -----------------------------------------------------------------------------------------------------------


def test_a_stop_takes_exactly_that_address(site: Site) -> None:
    site.has(link("br0", OWN, plumbed("10.77.0.50", 32)))
    assert site.stop(site.address()).is_changed
    assert site.changes == ["ip addr del 10.77.0.50/32 dev br0"]


def test_an_address_that_is_not_there_is_left_alone_wherever_it_is(site: Site) -> None:
    assert not site.stop(site.address()).is_changed
    site.has(link("br0", OWN), link("eth1", SERVICE_ADDRESS))
    context = site.context("stop")
    assert not site.driver.stop(resource=site.address(), context=context).is_changed
    assert [note.code for note in context.notes] == ["wrong_device"]
    assert site.changes == []


def test_an_address_that_stays_fails_the_stop(site: Site) -> None:
    site.has(link("br0", OWN, SERVICE_ADDRESS))
    site.write("del.fails", "RTNETLINK answers: Operation not permitted\n")
    with pytest.raises(ActionError, match="Operation not permitted") as caught:
        site.stop(site.address())
    assert caught.value.code == "address_not_removed"


def test_an_address_that_went_by_itself_meanwhile_is_gone(site: Site) -> None:
    site.has(link("br0", OWN, SERVICE_ADDRESS))
    site.simulate("ip", IP.replace("cp after-del links.json", "cp after-del links.json; echo not found >&2; exit 2"))
    assert site.stop(site.address()).is_changed


@pytest.mark.parametrize(("settings", "is_switched"), [("0\\n0", True), ("0\\n1", False), ("1\\n0", False)])
def test_the_addresses_of_others_do_not_go_with_the_first_one(site: Site, settings: str, is_switched: bool) -> None:
    site.has(link("br0", plumbed("10.77.0.50"), plumbed("10.77.0.51", secondary=True)))
    site.simulate("cat", f'case "$1" in /proc/*) printf "{settings}\\n" ;; *) exec /bin/cat "$@" ;; esac')
    site.simulate("sysctl", "")
    site.has(link("br0", plumbed("10.77.0.51")), file="after-del")
    assert site.stop(site.address()).is_changed
    expected = ["sysctl -q -w net/ipv4/conf/br0/promote_secondaries=1"] if is_switched else []
    assert site.changes == [*expected, "ip addr del 10.77.0.50/24 dev br0"]
