"""What an operator reads of disks that misbehave: lost paths, strangers, no reservations, full and broken groups."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lab.uml.lab import KernelLab
from tests.lab.uml.lio import Lio
from tests.lab.uml.node import KernelNode
from tests.lab.uml.simulated_guest import SimulatedGuest
from tests.lab.uml.site import BRIEF_LIMITS, Site

pytestmark = pytest.mark.timeout(400)
STRANGER = 0xBAD
GUEST = "[default]\nnodes = n1 n2\n\n[vmdg]\nscsireserv = true\n\n[container#0]\ntype = kvm\nconfig = {config}\n"
GROUP = "[default]\nnodes = n1 n2\n\n[disk#1]\ntype = lvm\nvgname = {group}\nscsireserv = true\n"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Two nodes with two paths to each of three disks of a LIO target; LVM sees the first path only."""
    with KernelLab.up(2, "lio", luns=3, paths=2) as lab:
        site = Site.make(lab, BRIEF_LIMITS)
        for node in lab.nodes:
            seen = "|".join(node.devices(lun.serial)[0].removeprefix("/dev/") for lun in lab.luns)
            node.sh(f"""sed -i 's#"a|^/dev/sd|"#"a/^.dev.({seen})$/"#' /etc/lvm/lvm.conf""")
        yield site


@pytest.fixture
def node(site: Site) -> KernelNode:
    return site.lab.nodes[0]


@pytest.fixture
def guest(site: Site, node: KernelNode) -> Iterator[SimulatedGuest]:
    """The service `vm1` of a simulated guest with the first disk; nobody holds it before and after."""
    made = SimulatedGuest.make(node, "vm1", node.devices(site.lab.luns[0].serial)[0])
    site.write_service("vm1", GUEST.format(config=made.definition))
    yield made
    site.lab.san.clear(site.lab.luns[0])


def preempt_by_hand(site: Site, victim: int) -> None:
    """Let a stranger, through the second node, take the first disk from `victim`."""
    other, lun = site.lab.nodes[1], site.lab.luns[0]
    device = other.devices(lun.serial)[0]
    other.sh(
        f"sg_persist -n -o -I -S {STRANGER:#x} {device};"
        f" sg_persist -n -o -P -T 5 -K {STRANGER:#x} -S {victim:#x} {device}"
    )


def test_a_path_that_is_lost_is_a_warning_until_it_returns_and_a_stranger_is_named(
    site: Site, node: KernelNode, guest: SimulatedGuest
) -> None:
    lun, env = site.lab.luns[0], guest.environment
    _, second = node.devices(lun.serial)
    state = f"/sys/block/{second.removeprefix('/dev/')}/device/state"
    site.told(node, "start", "vm1", env=env)
    assert site.registered(lun) == {"n1": 2}
    node.cut("san2")
    node.sh(f"while [ $(cat {state}) = running ]; do sleep 0.1; done")
    row = site.rows(node, "vm1", env)["vmdgpr"]
    assert (row.status, row.codes) == ("warn", ("paths_lost",))
    assert second in row.text
    node.heal("san2")
    node.sh(f"until [ $(cat {state}) = running ]; do sleep 0.1; done")
    assert site.rows(node, "vm1", env)["vmdgpr"].status == "up"

    # The unit attention that the preempted node is told is no obstacle to the answer.
    preempt_by_hand(site, site.keys["n1"])
    row = site.rows(node, "vm1", env)["vmdgpr"]
    assert (row.status, row.codes) == ("warn", ("held_elsewhere",))
    assert f"is held by the unknown key {STRANGER:#x}" in row.text
    text = site.refused(node, "start", "vm1", env=env)
    assert f"is reserved by a node that is not known (key {STRANGER:#x}) [reserved_elsewhere]" in text
    site.told(node, "stop", "vm1", env=env)
    assert site.registered(lun) == {f"{STRANGER:#x}": 1}


def test_a_target_that_answers_conflict_to_everything_or_knows_no_reservations_refuses_the_start(
    site: Site, node: KernelNode, guest: SimulatedGuest
) -> None:
    lun, env = site.lab.luns[0], guest.environment
    device = node.devices(lun.serial)[0]
    san = site.lab.san
    assert isinstance(san, Lio)
    san.block(lun)
    row = site.rows(node, "vm1", env)["vmdgpr"]
    assert (row.status, row.text) == (
        "undef",
        f"{device}: sg_persist: PR in (Read keys): Reservation conflict (exit status 24)",
    )
    text = site.refused(node, "start", "vm1", env=env)
    assert f"vm1/vmdgpr: {device}: sg_persist: PR in (Read keys): Reservation conflict" in text
    assert "hint: not even who holds it can be read" in text
    san.unblock(lun)
    assert site.registered(lun) == {}

    san.set_reservations(lun, is_able=False)
    row = site.rows(node, "vm1", env)["vmdgpr"]
    assert (row.status, row.codes) == ("undef", ("not_supported",))
    text = site.refused(node, "start", "vm1", env=env)
    assert "command not supported" in text
    assert "hint: scsireserv = false only if no other node can write to these disks" in text
    assert not guest.state.startswith("running")


def test_a_full_thin_pool_is_said(site: Site, node: KernelNode) -> None:
    device = node.devices(site.lab.luns[1].serial)[0]
    node.sh(
        f"modprobe dm-thin-pool; vgcreate -q thin {device} --addtag n1;"
        " lvcreate -q -Zn -y --type thin-pool -L 16M -n pool thin; lvchange -q --errorwhenfull y thin/pool;"
        " lvcreate -q -y -V 64M --thinpool pool -n data thin; vgchange -q -an thin; vgchange -q --deltag n1 thin"
    )
    site.write_service("thin", GROUP.format(group="thin"))
    site.told(node, "start", "thin")
    assert "No space left" in node.exec(["dd", "if=/dev/zero", "of=/dev/thin/data", "bs=1M", "oflag=direct"]).stderr
    row = site.rows(node, "thin")["disk#1"]
    assert row.status == "warn"
    assert "pool: out of data space (100 % full): writes may fail" in row.text
    site.told(node, "stop", "thin")
    node.sh("vgremove -q -ff -y thin --config 'activation { volume_list = [] }'", check=False)


def test_a_target_that_stands_still_is_cannot_tell_and_no_command_waits_for_it(site: Site, node: KernelNode) -> None:
    lun = site.lab.luns[2]
    site.make_group(node, "hung", lun, file_system=False)
    site.write_service("hung", GROUP.format(group="hung"))
    site.told(node, "start", "hung")
    # The kernel holds commands back for longer than the agent has patience.
    patience = "for each in /sys/class/iscsi_session/*/recovery_tmo; do until echo {} >$each; do sleep 0.1; done; done"
    node.sh(patience.format(90))
    site.lab.san.freeze()
    try:
        rows = site.rows(node, "hung")
        assert {rows[rid].status for rid in ("disk#1pr", "disk#1", "avail")} == {"undef"}
        assert "no answer from disk.lvm within the limit of the status" in rows["disk#1"].text
        text = site.refused(node, "stop", "hung", "--timeout", "4")
        assert "error: stop hung/disk#1: `vgs " in text
        assert "is given up; it cannot be killed (process" in text
        # The commands themselves wait for the disk, and no signal ends them.
        waiting = [line.split()[1] for line in node.sh("ps -A -o state=,comm=").splitlines() if line.startswith("D")]
        assert {"vgs", "lvs"} & set(waiting), waiting
    finally:
        site.lab.san.thaw()
        node.sh(patience.format(5))
    # The oracle's own session may not have lived through that.
    site.lab.san.observer.cut()
    site.lab.san.observer.log_in()
    assert (site.holder(lun), site.registered(lun)) == ("n1", {"n1": 2})
    site.told(node, "stop", "hung")
    assert not site.is_active(node, "hung")
    assert (site.holder(lun), site.registered(lun)) == ("", {})
    node.sh("vgremove -q -ff -y hung --config 'activation { volume_list = [] }'")


def test_a_missing_disk_of_a_group_is_named_and_the_group_stays_down(site: Site, node: KernelNode) -> None:
    first, second = (node.devices(lun.serial)[0] for lun in site.lab.luns[1:])
    lun = site.lab.luns[2]
    node.sh(f"dd if=/dev/zero of={first} bs=1M count=2 oflag=direct status=none")
    site.make_group(node, "two", site.lab.luns[1], lun)
    identity = node.sh(f"pvs --noheadings -o pv_uuid {second}").strip()
    site.write_service("two", GROUP.format(group="two"))
    site.lab.san.remove(lun)
    try:
        row = site.rows(node, "two")["disk#1"]
        assert row.status == "down"
        assert f"two misses the disk {identity}, last seen as {second}" in row.text
        text = site.refused(node, "start", "two")
        assert f"two misses the disk {identity}, last seen as {second}" in text
        assert "hint: connect it" in text
        assert not site.is_active(node, "two")
        assert site.registered(site.lab.luns[1]) == {}
    finally:
        site.lab.san.restore(lun)
