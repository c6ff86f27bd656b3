"""`ip.zone` on simulated executables: addresses that the node plumbs for zones, and who else has them."""

from __future__ import annotations

import pytest
from attrs import evolve

from opensvc_core.api import Cancel, Command, CommandResult, Selection, Status
from opensvc_core.errors import ActionError, Vetoed
from opensvc_core.model import Service
from opensvc_core.run import RunOutcome
from opensvc_drivers_solaris.addresses import netmask_word
from opensvc_drivers_solaris.zone_address import ZoneAddress
from opensvc_testkit.faults import FaultKind
from tests.opensvc_drivers_solaris import samples
from tests.opensvc_drivers_solaris.world import Site, failures, said

pytestmark = pytest.mark.simulated

TEXT = """\
[default]
mode = zone
service_type = PRD
nodes = n1 n2
[ip#0]
ipname = z1
ipdev = net0
netmask = 24
"""
PLUMB = "ifconfig net0 addif 10.0.0.50 netmask 255.255.255.0 broadcast + zone z1 up"


def zone(site: Site, text: str = TEXT, *, ip_type: str = "shared", state: str = "") -> Service:
    """A service with a zone and its address; the zone is put into a state of ``zoneadm``."""
    site.solaris.define_zone(
        "z1", ["n1"], address="10.0.0.50", ip_type=ip_type, installed_on="n1", boot_time=0, shutdown_time=0
    )
    if state:
        site.solaris.set_zone_state("n1", "z1", state)
    return site.write("z1", text)


def changes(site: Site) -> list[str]:
    """Changes of addresses."""
    return [line for line in site.commands("ifconfig") if line != "ifconfig -a"]


def test_an_address_is_plumbed_into_a_ready_zone_and_taken_away(site: Site) -> None:
    service = zone(site, state="ready")
    driver, resource, context = ZoneAddress(), service.resource("ip#0"), site.context(zone(site, state="ready"))
    assert driver.start(resource, context).is_changed
    assert not driver.start(resource, context).is_changed
    assert site.solaris.addresses_of("n1")["net0:1"] == ("10.0.0.50", "z1")
    assert site.words(service)["ip#0"] == "up"
    assert driver.stop(resource, context).is_changed
    assert not driver.stop(resource, context).is_changed
    assert changes(site) == [PLUMB, "ifconfig net0:1 down", "ifconfig net0:1 unplumb"]
    assert site.words(service)["ip#0"] == "down"


def test_the_address_goes_with_its_zone_if_it_is_halted(site: Site) -> None:
    service = zone(site)
    site.run("start", service)
    site.solaris.set_zone_state("n1", "z1", "installed")
    assert site.words(service)["ip#0"] == "down"


def test_all_addresses_are_asked_about_with_one_call(site: Site) -> None:
    service = zone(site, f"{TEXT}[ip#1]\nipname = 10.0.0.51\nipdev = net0\n", state="ready")
    site.cluster.clear_calls()
    words = site.words(service)
    assert (words["ip#0"], words["ip#1"]) == ("down", "down")
    assert site.commands("ifconfig") == ["ifconfig -a"]


def test_an_address_that_another_machine_has_is_not_taken(site: Site) -> None:
    service = zone(site)
    site.cluster.add_machine("z1", "10.0.0.50", "52:54:00:aa:bb:cc")
    with pytest.raises(Vetoed, match="is in use by another machine") as vetoed:
        site.run("start", service)
    assert "duplicate_address" in str(vetoed.value)
    assert changes(site) == []
    run = site.run("start", service, permits=["duplicate_address"])
    assert changes(site)[0] == PLUMB, failures(run)


def test_one_that_takes_it_after_the_checks_is_seen_too(site: Site) -> None:
    service = zone(site, state="ready")
    site.cluster.add_machine("z1", "10.0.0.50")
    with pytest.raises(ActionError, match="in use by another machine"):
        ZoneAddress().start(service.resource("ip#0"), site.context(service))
    assert changes(site) == []


def test_on_the_node_where_the_zone_is_not_it_is_down_though_it_answers(site: Site) -> None:
    service = zone(site)
    site.cluster.add_machine("z1", "10.0.0.50")
    report = site.reports(service)["ip#0"]
    assert report.status is Status.DOWN
    assert "answers ping, from another machine" in said(report)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (TEXT.replace("net0", "net9"), "no_device"),
        (TEXT.replace("= z1", "= nosuchname.invalid"), "name_unknown"),
        (TEXT.replace("24", "255.0.255.0"), "bad_netmask"),
    ],
)
def test_what_cannot_be_plumbed_is_refused_before_the_first_step(site: Site, text: str, code: str) -> None:
    service = zone(site, text)
    with pytest.raises(Vetoed, match=code):
        site.run("start", service)


def test_a_zone_with_a_network_of_its_own_is_told_of(site: Site) -> None:
    service = zone(site, ip_type="excl")
    with pytest.raises(Vetoed, match="ip-type=exclusive"):
        site.run("start", service)


def test_an_address_outside_the_zone_is_a_warning_and_left_there(site: Site) -> None:
    service = zone(site, TEXT.replace("= z1", "= 10.0.0.1"))
    report = site.reports(service)["ip#0"]
    assert (report.status, report.notes[0].code) == (Status.WARN, "wrong_zone")
    resource, context = service.resource("ip#0"), site.context(service)
    assert not ZoneAddress().stop(resource, context).is_changed
    with pytest.raises(ActionError, match="not in z1"):
        ZoneAddress().start(resource, context)
    assert site.solaris.addresses_of("n1")["net0"] == ("10.0.0.1", "")


def test_an_interface_that_is_not_there_bears_nothing(site: Site) -> None:
    service = zone(site, TEXT.replace("net0", "net9"))
    assert site.words(service)["ip#0"] == "down"
    context = site.context(service).on(Told(samples.IFCONFIG.partition("bge0:")[0]))
    ((_, report),) = ZoneAddress().status([service.resource("ip#0")], context)
    assert report.status is Status.UNDEF


@pytest.mark.parametrize("kind", [FaultKind.GARBAGE, FaultKind.PARTIAL, FaultKind.CRASH, FaultKind.FAIL])
def test_an_answer_that_is_not_whole_is_undef(site: Site, kind: FaultKind) -> None:
    service = zone(site)
    site.cluster.set_fault("ifconfig", kind, text="ifconfig: no\n" if kind is FaultKind.FAIL else "")
    assert site.words(service)["ip#0"] == "undef"
    with pytest.raises(ActionError):
        ZoneAddress().stop(service.resource("ip#0"), site.context(service))


def test_a_start_that_ifconfig_refuses_is_taken_back(site: Site) -> None:
    service = zone(site)
    site.cluster.set_fault("ifconfig", FaultKind.FAIL, words=["addif"], text="ifconfig: no more\n")
    run = site.run("start", service, selection=Selection(rids=("ip#0", "container#0")))
    assert run.outcomes == {"z1": RunOutcome.FAILED}
    assert "no more" in failures(run)
    assert site.solaris.zone_state("n1", "z1") == "configured"


class Told:
    """A node whose ``ifconfig -a`` prints a text; nothing else runs on it."""

    name = "n1"

    def __init__(self, text: str) -> None:
        self.text = text

    def execute(self, command: Command, cancel: Cancel, spawned: object = None) -> CommandResult:
        assert command.argv[0] == "ifconfig"
        return CommandResult(command.argv, 0, self.text)


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        (samples.IFCONFIG, Status.UP, "other_device"),
        (samples.IFCONFIG.replace("bge", "net"), Status.UP, ""),
        (samples.IFCONFIG.replace("\tzone z1\n\tinet 10", "\tzone z2\n\tinet 10"), Status.WARN, "wrong_zone"),
        (
            samples.IFCONFIG.replace("bge0:1: flags=1000843<UP,", "bge0:1: flags=1000842<"),
            Status.WARN,
            "address_not_up",
        ),
        (
            samples.IFCONFIG.replace("bge0:1: flags=1000843<UP,", "bge0:1: flags=1000842<DUPLICATE,"),
            Status.WARN,
            "duplicate_address",
        ),
    ],
)
def test_states_after_the_manual(site: Site, text: str, status: Status, code: str) -> None:
    service = zone(site)
    context = site.context(service).on(Told(text))
    ((_, report),) = ZoneAddress().status([service.resource("ip#0")], context)
    assert report.status is status
    assert [note.code for note in report.notes] == ([code] if code else [])


@pytest.mark.parametrize(
    ("netmask", "address", "word"),
    [
        ("", "10.0.0.1", ""),
        ("24", "10.0.0.1", "255.255.255.0"),
        ("255.255.252.0", "10.0.0.1", "255.255.252.0"),
        ("64", "fe80::1", "64"),
    ],
)
def test_netmasks(netmask: str, address: str, word: str) -> None:
    assert netmask_word(netmask, address) == word


def test_an_alias_means_its_interface(site: Site) -> None:
    service = zone(site, state="ready")
    resource = service.resource("ip#0")
    alias = evolve(resource, options={**resource.options, "ipdev": "net0:3", "netmask": None})
    assert ZoneAddress().start(alias, site.context(service)).is_changed
    assert changes(site) == ["ifconfig net0 addif 10.0.0.50 netmask + broadcast + zone z1 up"]
