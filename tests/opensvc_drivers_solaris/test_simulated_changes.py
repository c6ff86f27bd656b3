"""A zone's service while one of its changes goes wrong: what a run says is what is there, and nothing is left over."""

from __future__ import annotations

import pytest

from opensvc_core.run import RunOutcome
from opensvc_testkit.faults import FaultKind
from tests.opensvc_drivers_solaris.world import Site, failures

pytestmark = pytest.mark.simulated

TEXT = """\
[default]
mode = zone
service_type = PRD
nodes = n1
[pool#0]
poolname = tank
tags = preboot
[ip#0]
ipname = z1
ipdev = net0
netmask = 255.255.255.0
[container#0]
start_timeout = 2s
stop_timeout = 2s
"""
UP = ("running", ("n1",), True, True)
DOWN = ("configured", (), False, False)
REFUSED, SAID_NOTHING, KILLED = "refused", "nothing done", "done and killed"
FAULTS = {
    REFUSED: (FaultKind.FAIL, {"text": "simulated refusal\n"}),
    SAID_NOTHING: (FaultKind.GARBAGE, {"text": "\n"}),
    KILLED: (FaultKind.CRASH, {}),
}
STARTS = [
    ("zpool", ["import", "-o"]),
    ("zoneadm", ["attach"]),
    ("zoneadm", ["ready"]),
    ("ifconfig", ["addif"]),
    ("zoneadm", ["boot"]),
]
STOPS = [("zlogin", ["/sbin/init"]), ("zoneadm", ["detach"]), ("zpool", ["export"])]


@pytest.fixture
def service(site: Site) -> str:
    """The name of a service whose zone, pool, address and application are down."""
    site.add_disk("naa.6001")
    site.solaris.define_pool("tank", ["naa.6001"], mountpoint="none", datasets={"zones": "/zones"})
    site.solaris.define_zone("z1", ["n1"], address="10.0.0.50")
    site.cluster.set_launcher("z1", "S10db")
    site.write("web", TEXT.replace("mode = zone\n", "mode = zone\nvm_name = z1\n"))
    return "web"


def truth(site: Site) -> tuple[str, tuple[str, ...], bool, bool]:
    """State of the zone, who has the pool, whether the address is plumbed and the application runs."""
    plumbed = [address for address, _ in site.solaris.addresses_of("n1").values()]
    return (
        site.solaris.zone_state("n1", "z1"),
        site.solaris.imported_on("tank"),
        "10.0.0.50" in plumbed,
        site.cluster.is_application_up("z1", "db"),
    )


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("command", "words"), STARTS, ids=[f"{row[0]} {row[1][0]}" for row in STARTS])
def test_a_start_is_done_or_taken_back(command: str, words: list[str], fault: str, service: str, site: Site) -> None:
    kind, options = FAULTS[fault]
    site.cluster.set_fault(command, kind, words=words, times=1, **options)  # type: ignore[arg-type]  # by name
    run = site.run("start", site.agent().load(service))
    assert len(site.cluster.calls(command, *words)) >= 1
    if run.outcomes[service] is RunOutcome.DONE:
        assert truth(site) == UP
    else:
        assert run.outcomes[service] is RunOutcome.FAILED, failures(run)
        assert truth(site) == DOWN
    # What the second attempt meets is no obstacle to it.
    run = site.run("start", site.agent().load(service))
    assert run.outcomes[service] is RunOutcome.DONE, failures(run)
    assert truth(site) == UP


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("command", "words"), STOPS, ids=[f"{row[0]} {row[1][0]}" for row in STOPS])
def test_a_stop_is_done_or_says_so(command: str, words: list[str], fault: str, service: str, site: Site) -> None:
    assert site.run("start", site.agent().load(service)).outcomes[service] is RunOutcome.DONE
    kind, options = FAULTS[fault]
    site.cluster.set_fault(command, kind, words=words, times=1, **options)  # type: ignore[arg-type]  # by name
    run = site.run("stop", site.agent().load(service))
    assert len(site.cluster.calls(command, *words)) >= 1
    assert (run.outcomes[service] is RunOutcome.DONE) == (truth(site) == DOWN), failures(run)
    run = site.run("stop", site.agent().load(service))
    assert run.outcomes[service] is RunOutcome.DONE, failures(run)
    assert truth(site) == DOWN
