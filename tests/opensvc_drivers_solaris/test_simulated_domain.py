"""`container.ldom` on simulated executables: bind, start, stop, unbind, and what it makes of an `ldm` that fails."""

from __future__ import annotations

import pytest
from attrs import evolve

from opensvc_core.api import Device
from opensvc_core.errors import ActionError, Vetoed
from opensvc_core.model import Service
from opensvc_core.run import RunOutcome
from opensvc_drivers_solaris.ldom import LdomContainer
from opensvc_testkit.faults import FaultKind
from tests.opensvc_drivers_solaris.world import Site, failures

pytestmark = pytest.mark.simulated

TEXT = """\
[default]
mode = ldom
service_type = PRD
nodes = n1 n2
[container#0]
type = ldom
hostname = 10.0.0.60
stop_timeout = 2s
"""
WITH_DISKS = f"{TEXT}[vmdg]\n"


def domain(site: Site, text: str = TEXT, **changes: object) -> Service:
    """A service whose domain both nodes know; it takes no time to boot and to stop."""
    site.solaris.define_domain("d1", ["n1", "n2"], address="10.0.0.60", boot_time=0, shutdown_time=0, **changes)  # type: ignore[arg-type]  # by name
    return site.write("d1", text)


def changes(site: Site) -> list[str]:
    """What was changed."""
    return [line for line in site.commands("ldm") if not line.startswith(("ldm list", "ldm list-variable"))]


def test_a_domain_is_bound_started_shut_down_and_unbound(site: Site) -> None:
    service = domain(site)
    run = site.run("start", service)
    assert run.outcomes == {"d1": RunOutcome.DONE}, failures(run)
    assert site.words(service)["container#0"] == "up"
    assert site.run("start", service).outcomes == {"d1": RunOutcome.DONE}
    assert changes(site) == ["ldm bind-domain d1", "ldm start-domain d1"]
    site.cluster.clear_calls()
    run = site.run("stop", service)
    assert run.outcomes == {"d1": RunOutcome.DONE}, failures(run)
    assert site.words(service)["container#0"] == "down"
    assert site.run("stop", service).outcomes == {"d1": RunOutcome.DONE}
    assert changes(site) == ["ldm unbind-domain d1"]
    assert site.solaris.domain_state("n1", "d1") == "inactive"


def test_a_domain_that_is_bound_is_a_warning_and_goes_either_way(site: Site) -> None:
    service = domain(site, state="bound")
    assert site.words(service)["container#0"] == "warn"
    run = site.run("start", service)
    assert run.outcomes == {"d1": RunOutcome.DONE}, failures(run)
    assert changes(site) == ["ldm start-domain d1"]
    site.run("stop", service)
    bound = domain(site, state="bound")
    site.cluster.clear_calls()
    run = site.run("stop", bound)
    assert run.outcomes == {"d1": RunOutcome.DONE}, failures(run)
    assert changes(site) == ["ldm unbind-domain d1"]


def test_a_domain_that_ignores_its_shutdown_is_stopped_by_force(site: Site) -> None:
    service = domain(site)
    site.run("start", service)
    site.cluster.change_guest("d1", shutdown_time=None)
    site.cluster.clear_calls()
    run = site.run("stop", service)
    assert run.outcomes == {"d1": RunOutcome.DONE}, failures(run)
    assert changes(site) == ["ldm stop-domain -f d1", "ldm unbind-domain d1"]
    assert site.solaris.domain_state("n1", "d1") == "inactive"


def test_a_domain_that_cannot_be_reached_is_asked_by_ldm(site: Site) -> None:
    service = domain(site)
    site.run("start", service)
    site.cluster.set_fault("ssh", FaultKind.FAIL, text="ssh: connect: Connection refused\n", status=255)
    run = site.run("stop", service)
    assert run.outcomes == {"d1": RunOutcome.DONE}, failures(run)
    assert changes(site)[-2:] == ["ldm stop-domain d1", "ldm unbind-domain d1"]


def test_a_domain_that_cannot_be_unbound_is_not_down(site: Site) -> None:
    service = domain(site)
    site.run("start", service)
    site.cluster.set_fault("ldm", FaultKind.FAIL, words=["unbind-domain"], text="it does not unbind\n")
    run = site.run("stop", service)
    assert run.outcomes == {"d1": RunOutcome.UNKNOWN}
    assert "is not let go of: it does not unbind" in failures(run)
    assert site.words(service)["container#0"] == "warn"


def test_a_domain_without_auto_boot_is_told_of(site: Site) -> None:
    service = domain(site, TEXT + "start_timeout = 1s\n", auto_boot=False)
    agent = site.agent()
    run = agent.run(agent.plan("start", [service]))
    assert "no_auto_boot" in [note.code for result in run.results for note in result.notes]


def test_a_domain_that_is_not_defined_is_down_by_ldms_own_word(site: Site) -> None:
    domain(site)
    service = site.write("nosuch", TEXT)
    assert site.words(service)["container#0"] == "down"
    run = site.run("start", service)
    assert run.outcomes == {"nosuch": RunOutcome.FAILED}
    assert "no domain nosuch is defined" in failures(run)


def test_all_domains_are_asked_about_with_one_call(site: Site) -> None:
    services = []
    for number in range(10):
        site.solaris.define_domain(f"d{number}", ["n1"])
        services.append(site.write(f"d{number}", TEXT))
    site.solaris.set_domain_active("n1", "d3")
    agent = site.agent()
    site.cluster.clear_calls()
    statuses = agent.status(services)
    words = {name: status.groups["container"].value for name, status in statuses.items()}
    assert words == {f"d{number}": "up" if number == 3 else "down" for number in range(10)}
    assert site.commands("ldm") == ["ldm list -p"]


@pytest.mark.parametrize("kind", [FaultKind.GARBAGE, FaultKind.PARTIAL, FaultKind.CRASH, FaultKind.FAIL])
@pytest.mark.parametrize("name", ["d1", "nosuch"])
def test_an_answer_that_is_not_whole_is_undef_and_nothing_is_started(site: Site, kind: FaultKind, name: str) -> None:
    domain(site)
    service = site.write(name, TEXT)
    site.cluster.set_fault("ldm", kind, text="Connection refused\n" if kind is FaultKind.FAIL else "")
    assert site.words(service)["container#0"] == "undef"
    with pytest.raises(Vetoed, match="container_undef"):
        site.run("start", service)


def test_disks_are_those_of_the_services_behind_the_virtual_ones(site: Site) -> None:
    service = domain(site, WITH_DISKS, disks={"vol0": "/dev/dsk/c0t5d0", "vol1": "/ldoms/d1.img"})
    resource = service.resource("container#0")
    expected = (
        Device("/dev/rdsk/c0t5d0s2", target="vdisk0"),
        Device("/ldoms/d1.img", "file", target="vdisk1"),
    )
    assert LdomContainer().list_devices(resource, site.context(service)) == expected
    items = {item.name: item.value for item in LdomContainer().inventory([resource], site.context(service))}
    assert items == {"vcpus": 4, "memory": 4 << 30, "disks": expected}
    assert site.agent().dispatcher.list_devices(service.resource("vmdg"), site.context(service)) == expected


def test_a_disk_that_no_service_offers_is_not_left_out(site: Site) -> None:
    service = domain(site, disks={"vol0": "/dev/dsk/c0t5d0"})
    site.cluster.set_fault("ldm", FaultKind.GARBAGE, words=["list-services"], text="VERSION 1.11\n")
    with pytest.raises(ActionError, match="what lies behind the disk vol0@primary-vds0"):
        LdomContainer().list_devices(service.resource("container#0"), site.context(service))
    context = site.context(service)
    names = [item.name for item in LdomContainer().inventory([service.resource("container#0")], context)]
    assert names == ["vcpus", "memory"]
    assert "what lies behind the disk" in context.notes[0].text


def test_a_name_that_is_an_option_is_undef(site: Site) -> None:
    service = domain(site)
    resource = service.resource("container#0")
    odd = evolve(resource, options={**resource.options, "name": "-a"})
    ((_, report),) = LdomContainer().status([odd], site.context(service))
    assert report.status.value == "undef"
