"""A service of HP-UX by `osvc` on simulated nodes: drivers and simulator were written apart, after the notes.

Each node has the service file as its only node: what goes from node to node is carried by the test.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from attrs import define, evolve

from opensvc_testkit.simulated import FaultKind, SimulatedCluster
from tests.opensvc_testkit.simulated_hpux_site import DISK, LEGS, NODES, Site, make_site
from tests.warm.commands import run

pytestmark = pytest.mark.simulated
HERE, THERE = NODES
GUEST = "vm188"
SERVICE = "svc1"
ADDRESS = "10.0.0.188"
SERVICE_FILE = """\
[default]
vm_name = vm188
app = ERP
mode = hpvm
service_type = DEV
nodes = {node}
autostart_node = {node}
scsireserv = true

[ip#1]
ipname = vm188
ipdev = lan0

[vg#1]
vgname = vg01

[vmdg]

[container#0]
stop_timeout = 2
"""
UP = {"vg#1pr": "up", "vmdgpr": "up", "vg#1": "up", "container#0": "up", "ip#1": "up"}
DOWN = dict.fromkeys(UP, "down")
SECONDS = 300


@define
class Play:
    """The site with a service on each of its nodes."""

    site: Site

    def osvc(self, *words: str, node: str = HERE) -> subprocess.CompletedProcess[str]:
        """One command of an operator, whose environment has no TERMINFO."""
        variables: Mapping[str, str] = self.site.nodes[node].variables
        env = {**variables, "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
        return run(words, env=env, cwd=Path("/"), timeout=SECONDS)

    def does(self, *words: str, node: str = HERE, status: int = 0) -> str:
        """One that ends so; all that it printed."""
        done = self.osvc(*words, node=node)
        said = done.stdout + done.stderr
        assert done.returncode == status, f"osvc {' '.join(words)} ended with {done.returncode}:\n{said}"
        return said

    def report(self, node: str = HERE) -> dict[str, dict[str, object]]:
        """Each resource of the service."""
        found = json.loads(self.osvc("status", SERVICE, "--format", "json", node=node).stdout)
        resources: dict[str, dict[str, object]] = found["services"][SERVICE]["resources"]
        return resources

    def words(self, node: str = HERE) -> dict[str, object]:
        """Status by resource, of those that have one of their own."""
        return {rid: each["status"] for rid, each in self.report(node).items() if each["status"] != "n/a"}

    def carry_files(self) -> None:
        """What a replication would do."""
        source, target = (self.site.nodes[node].root / "var" for node in NODES)
        target.mkdir(exist_ok=True)
        for file in source.glob("vg_*"):
            shutil.copy(file, target)


@pytest.fixture
def play(simulated_cluster: SimulatedCluster, tmp_path: Path) -> Play:
    site = make_site(simulated_cluster, tmp_path)
    # The other node has found the disk under another number.
    site = evolve(
        site, lun=site.hpux.add_disk(18, dict.fromkeys(NODES, LEGS), identity=site.lun, instances={THERE: 44})
    )
    site.hpux.define_group("vg01", [site.other], volumes={"data": 32}, nodes=[HERE])
    site.hpux.define_guest(GUEST, nodes=NODES, disks=[DISK], address=ADDRESS, boot_time=0.1, shutdown_time=0.1)
    simulated_cluster.set_launcher(GUEST, "S10db")
    for node in NODES:
        root = site.nodes[node].root
        simulated_cluster.prepare_root(root)
        (root / "etc" / f"{SERVICE}.env").write_text(SERVICE_FILE.format(node=node))
        (root / "etc" / SERVICE).symlink_to("../bin/svcmgr")
    return Play(site)


def test_a_service_lives_here_and_then_there(play: Play) -> None:
    site = play.site
    assert play.words() == DOWN
    play.does("start", SERVICE)
    assert play.words() == UP
    assert site.cluster.running_on(GUEST) == (HERE,)
    assert site.cluster.is_application_up(GUEST, "db")
    assert site.hpux.groups.active_on("vg01") == (HERE,)
    for lun in (site.lun, site.other):
        held = site.hpux.disks.holder_of(lun)
        assert held is not None
        assert (held.type, held.node, len(site.hpux.disks.keys(lun))) == (5, HERE, 2)
    play.does("diskupdate", SERVICE)
    play.does("stop", SERVICE)
    assert play.words() == DOWN
    assert (site.hpux.disks.keys(site.lun), site.hpux.disks.keys(site.other)) == ((), ())
    assert site.hpux.groups.imported_on("vg01") == ()

    play.carry_files()
    play.does("start", SERVICE, node=THERE)
    assert play.words(THERE) == UP
    assert site.cluster.running_on(GUEST) == (THERE,)
    assert site.hpux.groups.files_of(THERE, "vg01") == ("/dev/disk/disk19",)
    assert DISK in site.hpux.special_files(THERE, site.lun)
    assert [call for call in site.cluster.calls() if call.status == 70] == []


def test_what_is_not_understood_is_never_down(play: Play) -> None:
    """Each tool in turn; and a boot policy that would start the guest with the node."""
    play.does("start", SERVICE)
    play.site.said("hpvmmodify", "-P", GUEST, "-B", "auto")
    assert play.words() == {**UP, "container#0": "warn"}
    play.site.hpux.guests.change(HERE, GUEST, boot="Manual")
    asked = (("hpvmstatus", "container#0"), ("vgdisplay", "vg#1"), ("scu", "vmdgpr"), ("scsimgr", "vg#1pr"))
    for kind, fine in ((FaultKind.GARBAGE, ("undef",)), (FaultKind.PARTIAL, ("undef", "up"))):
        for command, _ in asked:
            play.site.cluster.set_fault(command, kind, node=HERE)
        told = play.words()
        assert {rid: told[rid] for _, rid in asked if told[rid] not in fine} == {}, kind
        play.site.cluster.clear_faults()
    play.site.hpux.guests.change(HERE, GUEST, word="Invalid")
    told = play.words()
    assert {rid: told[rid] for rid in UP} == {**UP, "container#0": "undef", "ip#1": "undef"}


def test_a_guest_that_hpvm_does_not_know_is_down(play: Play) -> None:
    play.site.hpux.define_node(HERE, version="6.3")
    play.site.hpux.guests.forget(HERE, GUEST)
    found = play.report()["container#0"]
    assert (found["status"], "not configured" in str(found)) == ("down", True)


def test_a_guest_that_ignores_the_shutdown_and_an_open_volume(play: Play) -> None:
    site = play.site
    site.cluster.change_guest(GUEST, shutdown_time=None)
    play.does("start", SERVICE)
    site.hpux.groups.open_volume(HERE, "vg01", "data")
    said = play.osvc("stop", SERVICE)
    assert said.returncode != 0
    assert "/dev/vg01/data" in said.stdout + said.stderr
    stops = [call.arguments for call in site.cluster.calls("hpvmstop")]
    assert (stops[0], stops[-1]) == (("-g", "-F", "-P", GUEST), ("-F", "-P", GUEST))
    assert site.cluster.running_on(GUEST) == ()
    # What the open volume lies on stays reserved.
    assert site.hpux.disks.holder_of(site.other) is not None
    site.hpux.groups.open_volume(HERE, "vg01", "data", is_open=False)
    play.does("stop", SERVICE)
    assert play.words() == DOWN
