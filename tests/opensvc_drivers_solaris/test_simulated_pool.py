"""`disk.zpool` on simulated executables: who may import what, and what it makes of pools that are ill or busy."""

from __future__ import annotations

import pytest
from attrs import evolve

from opensvc_core.api import Evidence, NodeState, Resource, Selection, Status
from opensvc_core.errors import ActionError, Vetoed
from opensvc_core.model import Service
from opensvc_core.run import RunOutcome
from opensvc_drivers_solaris.pool_proof import Proof
from opensvc_drivers_solaris.zpool import ZpoolDisk
from opensvc_testkit.faults import FaultKind
from tests.opensvc_drivers_solaris.world import Site, failures, said

pytestmark = pytest.mark.simulated

TEXT = """\
[default]
nodes = n1 n2
[pool#0]
poolname = data
"""
ONLY = Selection(rids=("pool#0",))


def pool(site: Site, text: str = TEXT, *, imported_on: str = "", kind: str = "", multihost: bool = False) -> Service:
    """A service with a pool of two disks that both nodes see."""
    site.add_disk("naa.6001", "c0t1d0")
    site.add_disk("naa.6002", "c0t2d0")
    site.solaris.define_pool("data", ["naa.6001", "naa.6002"], kind=kind, imported_on=imported_on, multihost=multihost)
    return site.write("data", text)


def crashed(site: Site, text: str = TEXT) -> Service:
    """The pool was in use on n2, which lost its power and has come back without it."""
    service = pool(site, text, imported_on="n2")
    site.cluster.define_node("n2", "10.0.0.2", os_name="SunOS")
    return service


def changes(site: Site, node: str = "n1") -> list[str]:
    """Imports and exports on a node."""
    lines = site.commands("zpool", node=node)
    return [line for line in lines if line.startswith(("zpool import -", "zpool export"))]


def evidence(state: NodeState) -> list[Evidence]:
    """What is known of n2."""
    return [Evidence("n2", state, "the test")]


def test_a_pool_is_imported_and_exported(site: Site) -> None:
    service = pool(site)
    assert site.words(service) == {"pool#0": "down"}
    assert site.run("start", service).outcomes == {"data": RunOutcome.DONE}
    assert site.words(service) == {"pool#0": "up"}
    assert site.run("start", service).outcomes == {"data": RunOutcome.DONE}
    assert site.run("stop", service).outcomes == {"data": RunOutcome.DONE}
    assert site.words(service) == {"pool#0": "down"}
    assert site.run("stop", service).outcomes == {"data": RunOutcome.DONE}
    assert changes(site) == ["zpool import -o cachefile=none data", "zpool export data"]


def test_cachefile_and_folders_are_told_to_zpool(site: Site) -> None:
    service = pool(site, f"{TEXT}cachefile = /var/data.cache\ndevices = /dev/dsk\n")
    run = site.run("start", service)
    assert run.outcomes == {"data": RunOutcome.DONE}, failures(run)
    assert changes(site)[-1] == "zpool import -o cachefile=/var/data.cache -d /dev/dsk data"


def test_all_pools_are_asked_about_with_one_call(site: Site) -> None:
    pool(site, imported_on="n1")
    services = [site.write(name, TEXT.replace("= data", f"= {name}")) for name in ("data", "one", "two")]
    agent = site.agent()
    site.cluster.clear_calls()
    statuses = agent.status(services)
    words = {name: status.resources[0].report.status for name, status in statuses.items()}
    assert words == {"data": Status.UP, "one": Status.DOWN, "two": Status.DOWN}
    assert site.commands("zpool") == ["zpool list -H -o name,health data one two"]


@pytest.mark.parametrize("known", [[], evidence(NodeState.UNASKED)])
def test_a_pool_that_another_node_may_use_is_not_imported(site: Site, known: list[Evidence]) -> None:
    service = crashed(site)
    with pytest.raises(Vetoed, match=r"not exported by who used it last.*n2") as vetoed:
        site.run("start", service, evidence=known, permits=["pool_in_use"])
    assert "pool_in_use" in str(vetoed.value)
    assert changes(site) == []


@pytest.mark.parametrize("state", [NodeState.DOWN, NodeState.FENCED])
def test_a_pool_whose_node_was_proved_down_is_imported_by_force(site: Site, state: NodeState) -> None:
    service = crashed(site)
    run = site.run("start", service, evidence=evidence(state))
    assert run.outcomes == {"data": RunOutcome.DONE}, failures(run)
    assert changes(site) == ["zpool import -o cachefile=none data", "zpool import -f -o cachefile=none data"]
    (result,) = run.results
    assert [note.code for note in result.notes] == ["forced_import"]


def test_a_pool_is_never_forced_first(site: Site) -> None:
    service = pool(site)
    site.run("start", service, evidence=evidence(NodeState.FENCED))
    assert changes(site) == ["zpool import -o cachefile=none data"]


def test_a_pool_that_multihost_protects_is_not_even_tried_by_force(site: Site) -> None:
    service = pool(site, imported_on="n2", multihost=True)
    context = site.context(service, action="start")
    resource = service.resource("pool#0")
    context.evidence = {"data": evidence(NodeState.DOWN)}
    with pytest.raises(ActionError, match="imported on n2 now"):
        ZpoolDisk().start(resource, context)
    assert changes(site) == ["zpool import -o cachefile=none data"]


def test_a_pool_whose_disks_this_run_has_reserved_is_imported_by_force(site: Site) -> None:
    service = crashed(site)
    context = site.context(service, action="start")
    resource = service.resource("pool#0")
    with pytest.raises(ActionError, match="n2"):
        ZpoolDisk().start(resource, context)
    reserved = evolve(resource, options={**resource.options, "scsireserv": True})
    assert ZpoolDisk().start(reserved, context).is_changed
    assert site.solaris.pool_health("n1", "data") == "ONLINE"


@pytest.mark.parametrize(
    ("fault", "kind", "health", "usable"),
    [("DEGRADED", "mirror", "DEGRADED", True), ("FAULTED", "mirror", "DEGRADED", True), ("FAULTED", "", "", False)],
)
def test_a_pool_that_is_ill_is_a_warning(site: Site, fault: str, kind: str, health: str, *, usable: bool) -> None:
    service = pool(site, kind=kind, imported_on="n1")
    site.solaris.fail_device("data", "naa.6001", fault)
    assert not health or site.solaris.pool_health("n1", "data") == health
    report = site.reports(service)["pool#0"]
    assert report.status is Status.WARN
    assert "zpool status -x data" in said(report)
    run = site.run("start", service)
    assert run.outcomes["data"] is (RunOutcome.DONE if usable else RunOutcome.FAILED), failures(run)
    # What could not be started and was not wholly up before is taken back, as of every driver.
    assert changes(site) == ([] if usable else ["zpool export data"])


def test_a_suspended_pool_is_neither_up_nor_exported(site: Site) -> None:
    service = pool(site, imported_on="n1")
    site.solaris.suspend_pool("n1", "data")
    assert site.words(service) == {"pool#0": "warn"}
    run = site.run("stop", service)
    assert run.outcomes == {"data": RunOutcome.UNKNOWN}
    assert "zpool clear data" in str(run.results[0].error.hint if run.results[0].error else "")
    assert changes(site) == []


def test_a_busy_pool_is_tried_again_and_then_told(site: Site) -> None:
    service = pool(site, f"{TEXT}stop_timeout = 1s\n", imported_on="n1")
    site.solaris.set_busy("n1", "data", "/data")
    run = site.run("stop", service)
    assert run.outcomes == {"data": RunOutcome.UNKNOWN}
    assert "busy" in failures(run)
    assert len(changes(site)) > 1
    assert not any("-f" in line for line in changes(site))
    site.solaris.set_busy("n1", "data")
    assert site.run("stop", service).outcomes == {"data": RunOutcome.DONE}


def test_a_busy_pool_is_exported_by_force_where_that_is_wanted(site: Site) -> None:
    service = pool(site, f"{TEXT}stop_timeout = 1s\nforce_export = true\n", imported_on="n1")
    site.solaris.set_busy("n1", "data", "/data")
    run = site.run("stop", service)
    assert run.outcomes == {"data": RunOutcome.DONE}, failures(run)
    assert changes(site)[0] == "zpool export data"
    assert changes(site)[-1] == "zpool export -f data"


def test_a_pool_that_no_disk_has_is_refused_with_a_hint(site: Site) -> None:
    service = site.write("data", f"{TEXT}start_timeout = 3s\n")
    run = site.run("start", service)
    assert run.outcomes == {"data": RunOutcome.FAILED}
    assert "no disk of this node has a pool data" in failures(run)


def test_a_pool_that_is_not_seen_at_once_is_asked_for_again(site: Site) -> None:
    service = pool(site)
    text = "cannot import 'data': no such pool available\n"
    site.cluster.set_fault("zpool", FaultKind.FAIL, words=["import", "data"], text=text, times=1)
    run = site.run("start", service)
    assert run.outcomes == {"data": RunOutcome.DONE}, failures(run)
    assert changes(site) == ["zpool import -o cachefile=none data"] * 2


@pytest.mark.parametrize("kind", [FaultKind.GARBAGE, FaultKind.PARTIAL, FaultKind.CRASH, FaultKind.FAIL])
@pytest.mark.parametrize("name", ["data", "nosuch"])
def test_an_answer_that_is_not_whole_is_undef(site: Site, kind: FaultKind, name: str) -> None:
    pool(site, imported_on="n1")
    service = site.write("other", TEXT.replace("= data", f"= {name}"))
    site.cluster.set_fault("zpool", kind, words=["list"], text="internal error\n" if kind is FaultKind.FAIL else "")
    assert site.words(service)["pool#0"] == "undef"


def test_a_zpool_that_hangs_is_asked_for_each_pool_by_itself(site: Site) -> None:
    pool(site, imported_on="n1")
    names = ("data", "nosuch", "stuck")
    services = [site.write(name, TEXT.replace("= data", f"= {name}")) for name in names]
    site.cluster.set_fault("zpool", FaultKind.HANG, words=["stuck"])
    statuses = site.agent().status(services, timeout=6.0)
    words = {name: status.resources[0].report.status for name, status in statuses.items()}
    assert words == {"data": Status.UP, "nosuch": Status.DOWN, "stuck": Status.UNDEF}


def test_a_zpool_that_is_missing_is_undef(site: Site) -> None:
    service = pool(site)
    site.cluster.remove_command(site.bin("n1"), "zpool")
    assert site.words(service) == {"pool#0": "undef"}


@pytest.mark.parametrize("imported_on", ["n1", ""])
def test_the_disks_of_a_pool_are_told_whether_it_is_imported_or_not(site: Site, imported_on: str) -> None:
    service = pool(site, imported_on=imported_on, kind="mirror")
    found = ZpoolDisk().list_devices(service.resource("pool#0"), site.context(service))
    assert [device.path for device in found] == ["/dev/rdsk/c0t1d0s2", "/dev/rdsk/c0t2d0s2"]
    site.cluster.clear_calls()
    items = {
        each.name: each.value for each in ZpoolDisk().inventory([service.resource("pool#0")], site.context(service))
    }
    assert items["disks"] == found
    assert items["group"] == "data"
    assert (items["size"] is not None) is (items["free"] is not None) is bool(imported_on)
    assert len(site.cluster.calls("zpool")) == (2 if imported_on else 3)


def test_half_of_the_disks_is_not_enough(site: Site) -> None:
    service = pool(site, imported_on="n1", kind="mirror")
    site.solaris.fail_device("data", "naa.6002", "REMOVED")
    with pytest.raises(ActionError, match="misses"):
        ZpoolDisk().list_devices(service.resource("pool#0"), site.context(service))


@pytest.mark.parametrize("name", ["-f", "mirror-0", "a/b", "log", "c0t0d0", ""])
def test_what_cannot_be_a_pool_is_told_before_zpool_is_asked(site: Site, name: str) -> None:
    service = pool(site)
    resource = service.resource("pool#0")
    odd: Resource = evolve(resource, options={**resource.options, "poolname": name})
    ((_, report),) = ZpoolDisk().status([odd], site.context(service))
    assert report.status is Status.UNDEF
    assert site.commands("zpool") == []


@pytest.mark.parametrize(
    ("host", "known", "is_proved"),
    [
        ("n2", [NodeState.DOWN], True),
        ("N2.example.com", [NodeState.FENCED], True),
        ("n2", [NodeState.UNKNOWN], False),
        ("n2", [NodeState.UP], False),
        ("n2", [NodeState.DOWN, NodeState.UP], False),
        ("n2", [], False),
        ("elsewhere", [NodeState.DOWN], False),
        ("n1", [NodeState.DOWN], False),
        ("", [NodeState.DOWN], True),
        ("", [NodeState.UNASKED], False),
    ],
)
def test_what_proves_that_a_host_lets_a_pool_alone(host: str, known: list[NodeState], *, is_proved: bool) -> None:
    told = [Evidence("n2", state, "the test") for state in known]
    proof = Proof("n1", ("n1", "n2"), is_reserved=False, evidence=told)
    assert (proof.doubt(host) == "") is is_proved
    assert Proof("n1", ("n1", "n2"), is_reserved=True, evidence=told).doubt(host) == ""
