"""A service on shared disks of two nodes: who holds it, who is kept from it, and how it survives a power cut."""

from __future__ import annotations

import pytest

from tests.lab.uml.node import KernelNode
from tests.lab.uml.simulated_guest import SimulatedGuest
from tests.lab.uml.site import ADDRESS, Site

pytestmark = pytest.mark.timeout(400)
STACK = ("disk#1pr", "disk#1", "fs#1", "ip#1", "app#0")
GUEST = """\
[default]
nodes = n1 n2

[vmdg]
scsireserv = true

[container#0]
type = kvm
config = {config}
start_timeout = 10
stop_timeout = 4
"""


@pytest.fixture(scope="module")
def site(storage_site: Site) -> Site:
    """Two nodes with the agent; the group `erp` on the first disk; the second disk is a guest's."""
    return storage_site


@pytest.fixture
def nodes(site: Site) -> tuple[KernelNode, KernelNode]:
    first, second = site.lab.nodes
    return first, second


@pytest.fixture
def guest(site: Site, nodes: tuple[KernelNode, KernelNode]) -> SimulatedGuest:
    """A guest on the first node whose disk is the second shared one; the service `vm1` of it on both nodes."""
    first, second = nodes
    lun = site.lab.luns[1]
    made = SimulatedGuest.make(first, "vm1", first.devices(lun.serial)[0])
    SimulatedGuest.make(second, "vm1", second.devices(lun.serial)[0])
    site.write_service("vm1", GUEST.format(config=made.definition))
    return made


def statuses(site: Site, node: KernelNode, name: str = "erp") -> dict[str, str]:
    rows = site.rows(node, name)
    return {rid: rows[rid].status for rid in STACK}


def test_one_node_has_the_service_and_the_other_is_kept_from_it_three_times_over(
    site: Site, nodes: tuple[KernelNode, KernelNode]
) -> None:
    first, second = nodes
    lun = site.lab.luns[0]
    site.told(first, "start", "erp")
    up, rows = site.rows_of_all("erp")
    assert {rid: up[rid].status for rid in (*STACK, "avail")} == dict.fromkeys((*STACK, "avail"), "up")
    assert (site.holder(lun), site.registered(lun)) == ("n1", {"n1": 1})

    # What the other node's operator reads.
    assert {rows[rid].status for rid in STACK} == {"down"}
    assert f"is held by n1 ({site.keys['n1']:#x})" in rows["disk#1pr"].text
    assert "tagged for n1" in rows["disk#1"].text

    # It cannot start, and leaves no registration behind, which would be write access.
    generation = site.lab.san.reservations(lun).generation
    text = site.refused(second, "start", "erp")
    assert f"is reserved by n1 (key {site.keys['n1']:#x})" in text
    assert "--declare-dead" in text
    assert site.lab.san.reservations(lun).generation == generation

    # Nor by hand: LVM activates nothing without the node's tag (and says nothing), which it cannot write; nor can it
    # write at all.
    second.sh("vgchange -ay erp", check=False)
    assert not site.is_active(second, "erp")
    assert second.exec(["vgchange", "--addtag", "n2", "erp"]).returncode != 0
    second.sh("vgchange -ay erp", check=False)
    assert not site.is_active(second, "erp")
    assert "Invalid exchange" in site.write_error(second, lun)
    assert site.write_error(first, lun) == ""

    site.told(first, "stop", "erp")
    assert set(statuses(site, first).values()) == {"down"}
    assert (site.holder(lun), site.registered(lun)) == ("", {})
    assert not site.is_active(first, "erp")
    assert first.sh("vgs --noheadings -o vg_tags erp").strip() == ""
    assert ADDRESS not in first.sh("ip addr show")


def test_the_disk_of_a_simulated_guest_is_held_by_the_node_on_which_it_runs(
    site: Site, nodes: tuple[KernelNode, KernelNode], guest: SimulatedGuest
) -> None:
    first, second = nodes
    lun, env = site.lab.luns[1], guest.environment
    site.told(first, "start", "vm1", env=env)
    assert guest.state.startswith("running")
    rows, others = site.rows_of_all("vm1", env)
    assert (rows["vmdg"].status, rows["vmdgpr"].status, rows["container#0"].status) == ("n/a", "up", "up")
    assert (site.holder(lun), site.registered(lun)) == ("n1", {"n1": 1})
    assert "is held by n1" in others["vmdgpr"].text
    assert "is reserved by n1" in site.refused(second, "start", "vm1", env=env)
    site.told(first, "stop", "vm1", env=env)
    assert guest.state.startswith("shut off")
    assert (site.holder(lun), site.registered(lun)) == ("", {})


def test_a_simulated_guest_that_is_not_verified_down_keeps_its_disk_whatever_is_asked(
    site: Site, nodes: tuple[KernelNode, KernelNode], guest: SimulatedGuest
) -> None:
    first, _ = nodes
    lun, env = site.lab.luns[1], guest.environment
    site.told(first, "start", "vm1", env=env)
    try:
        # The hypervisor answers nothing, then refuses: the guest may run, and write.
        guest.tell("cluster.set_libvirtd('n1', Libvirtd.HUNG)")
        site.refused(first, "stop", "vm1", "--timeout", "6", env=env)
        assert site.holder(lun) == "n1"
        guest.tell("cluster.set_libvirtd('n1', Libvirtd.DENIED)")
        assert "not verified down" in site.refused(first, "stop", "vm1", "--rid", "vmdgpr", env=env)
        assert "not verified down" in site.refused(first, "reservation", "release", "vm1", env=env)
        assert "not verified down" in site.refused(first, "reservation", "clear", "vm1", env=env)
        # Taken out of the service by its file, it runs all the same.
        site.write_service("vm1", GUEST.format(config=guest.definition) + "disable = true\n")
        assert "container#0" in site.refused(first, "stop", "vm1", env=env)
        assert (site.holder(lun), site.registered(lun)) == ("n1", {"n1": 1})
        # It answers again, and the guest ignores what it is told: the stop runs out of time.
        site.write_service("vm1", GUEST.format(config=guest.definition))
        guest.tell(
            "cluster.set_libvirtd('n1', Libvirtd.RUNNING)",
            "cluster.change_guest('vm1', shutdown_time=None)",
            "cluster.set_fault('virsh', FaultKind.FAIL, words=['destroy'], text='error: it does not let go')",
        )
        site.refused(first, "stop", "vm1", env=env)
        assert guest.state.startswith("running")
        assert (site.holder(lun), site.registered(lun)) == ("n1", {"n1": 1})
    finally:
        guest.tell("cluster.clear_faults()", "cluster.set_libvirtd('n1', Libvirtd.RUNNING)")
    site.told(first, "stop", "vm1", env=env)
    assert (site.holder(lun), site.registered(lun)) == ("", {})


def test_a_power_cut_a_takeover_by_the_operators_word_and_the_way_back(
    site: Site, nodes: tuple[KernelNode, KernelNode]
) -> None:
    first, second = nodes
    lun = site.lab.luns[0]
    site.told(first, "start", "erp")
    first.write("/srv/erp/ledger", "written on n1\n")
    text = site.refused(second, "start", "erp", "--declare-dead", "n1")
    assert "n1: is not dead: it answers ping at 10.77.0.1" in text
    assert site.holder(lun) == "n1"

    first.kill()
    assert "is reserved by n1" in site.refused(second, "start", "erp")
    assert site.registered(lun) == {"n1": 1}
    site.told(second, "start", "erp", "--declare-dead", "n1")
    assert statuses(site, second) == dict.fromkeys(STACK, "up")
    assert second.read("/srv/erp/ledger") == "written on n1\n"
    assert (site.holder(lun), site.registered(lun)) == ("n2", {"n2": 1})

    # The dead node comes back: it is fenced off, and says why.
    first.on()
    second.write("/srv/erp/ledger", "written on n2\n")
    rows = site.rows(first, "erp")
    assert f"is held by n2 ({site.keys['n2']:#x})" in rows["disk#1pr"].text
    assert {rows[rid].status for rid in ("disk#1", "fs#1", "ip#1")} == {"down"}
    assert "tagged for n2" in rows["disk#1"].text
    assert "Invalid exchange" in site.write_error(first, lun)
    first.sh("vgchange -ay erp", check=False)
    assert not site.is_active(first, "erp")
    assert "is reserved by n2" in site.refused(first, "start", "erp")
    assert (site.holder(lun), site.registered(lun)) == ("n2", {"n2": 1})

    # Its boot removes its own registration and no other, and writes nothing: n2 holds the disk.
    device, metadata = first.devices(lun.serial)[0], second.sh("vgs --noheadings -o vg_seqno,vg_tags erp")
    first.sh(f"sg_persist -n --out --register-ignore --param-sark={site.keys['n1']:#x} {device}")
    assert site.registered(lun) == {"n1": 1, "n2": 1}
    site.told(first, "boot")
    assert (site.holder(lun), site.registered(lun)) == ("n2", {"n2": 1})
    assert second.sh("vgs --noheadings -o vg_seqno,vg_tags erp") == metadata
    assert second.read("/srv/erp/ledger") == "written on n2\n"
    generation = site.lab.san.reservations(lun).generation
    site.told(first, "boot")
    assert site.lab.san.reservations(lun).generation == generation

    site.told(second, "stop", "erp")
    site.told(first, "start", "erp")
    assert first.read("/srv/erp/ledger") == "written on n2\n"
    assert (site.holder(lun), site.registered(lun)) == ("n1", {"n1": 1})
    site.told(first, "stop", "erp")
    assert (site.holder(lun), site.registered(lun)) == ("", {})


def test_a_holder_that_returns_before_anybody_took_over_cleans_what_it_left(
    site: Site, nodes: tuple[KernelNode, KernelNode]
) -> None:
    first, second = nodes
    lun = site.lab.luns[0]
    site.told(first, "start", "erp")
    first.kill()
    first.on()
    assert site.holder(lun) == "n1"
    assert "n1" in second.sh("vgs --noheadings -o vg_tags erp")
    site.told(first, "boot")
    assert (site.holder(lun), site.registered(lun)) == ("", {})
    assert second.sh("vgs --noheadings -o vg_tags erp").strip() == ""
    # Nobody has to be declared dead any more.
    site.told(second, "start", "erp")
    site.told(second, "stop", "erp")
