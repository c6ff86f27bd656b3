"""`osvc migrate` between nodes with kernels of their own: who holds the disk, who is tagged, what a cut leaves.

The nodes are a cluster: each has keys of its own, they know one another by `osvc node trust` alone, and what one does
on another goes over sessions of `osvc peer`. The guest is a stand-in that writes to the disk as long as it runs, and
moves through the channel of the migration.
"""

from __future__ import annotations

import enum
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from opensvc_testkit.boot_sector import Ending, write_boot_disk
from tests.lab.uml.lab import KernelLab
from tests.lab.uml.membership import join
from tests.lab.uml.migration_stage import DATA, SIZE, Stage
from tests.lab.uml.moving_guest import CONSOLE, MovingGuest
from tests.lab.uml.oracle import Volume, watched
from tests.lab.uml.site import LIMITS, Site
from tests.lab.uml.stamper import BLOCK

pytestmark = pytest.mark.timeout(3600)
TEXT = """\
[default]
nodes = n1 n2
service_type = PRD

[disk#1]
type = lvm
vgname = mig
scsireserv = true

[container#0]
type = kvm
config = {definition}
shell = false
"""
ORDER = [
    "join vm1/disk#1pr on n2",
    "admit vm1/disk#1",
    "join vm1/disk#1 on n2",
    "join vm1/container#0 on n2",
    "migrate vm1/container#0",
    "settle vm1/container#0 on n2",
    "leave vm1/disk#1",
    "settle vm1/disk#1pr on n2",
    "settle vm1/disk#1 on n2",
    "leave vm1/disk#1pr",
]
END_SECONDS = 180.0


class Fault(enum.Enum):
    """What happens while the guest is on its way."""

    KILL = "kill -9 of the driving agent"
    SOURCE_OFF = "power of the source"
    DESTINATION_OFF = "power of the destination"
    CABLE = "cable of the destination"


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Two nodes that trust each other, one shared disk, a group on it, a service with a guest on that."""
    with KernelLab.up(2, luns=1, is_bare=True) as lab:
        site = Site.make(lab, LIMITS + "peer = 20\nsettle = 2\n")
        join(site)
        guest = MovingGuest(site, "vm1", "/dev/mig/data")
        for node in lab.nodes:
            guest.give(node)
        site.make_group(lab.nodes[0], "mig", lab.luns[0], size=f"{SIZE}b", file_system=False)
        site.write_service("vm1", TEXT.format(definition=guest.definition))
        yield Stage(site, guest, Volume(lab.luns[0], DATA, SIZE // BLOCK))


def test_the_disk_is_never_without_a_holder_and_tags_end_where_the_guest_does(stage: Stage) -> None:
    first, second = stage.nodes
    here, there = stage.site.keys["n1"], stage.site.keys["n2"]
    stage.told(first, "start", "vm1")
    stage.verify_rests_on(first)
    with stage.writing() as watch:
        # It is under way, and does not come to an end: both nodes may use the disk, and the first one holds it.
        stage.guest.change(first, migration_time=None)
        with stage.begin(first, "migrate", "vm1", "--to", "n2") as under_way:
            stage.guest.wait_state(second, "paused")
            assert stage.site.registered(stage.lun) == {"n1": 1, "n2": 1}
            assert stage.tags() == {"n1", "n2"}
            assert stage.active() == {"n1", "n2"}
            assert stage.guest.running() == ["n1"]
            assert stage.site.write_error(second, stage.lun) == ""
            # It is told to end: what was given to the second node is taken back.
            stage.guest.virsh(first, "domjobabort", "vm1")
            said = under_way.communicate(timeout=END_SECONDS)
        assert under_way.returncode != 0, said
        assert "canceled by client" in said[0] + said[1]
        stage.verify_rests_on(first)
    assert {sighting.holder for sighting in watch.sightings} == {here}

    stage.guest.change(first, migration_time=0.0)
    with stage.writing() as watch:
        stage.told(first, "migrate", "vm1", "--to", "n2")
    assert {sighting.holder for sighting in watch.sightings} == {here, there}
    assert watch.holders == [here, there]
    stage.verify_rests_on(second)
    steps = stage.steps(first)
    assert [step for step in steps if step in ORDER] == ORDER, steps
    stage.told(second, "stop", "vm1")
    stage.verify_is_down()


def test_what_is_cut_on_the_way_is_up_once_at_most_and_is_put_right(
    stage: Stage, osvc_runs: int, osvc_random: random.Random
) -> None:
    # One of them, by chance; in many rounds all.
    faults = osvc_random.sample(list(Fault), len(Fault))
    for number in range(osvc_runs):
        fault = faults[number % len(faults)]
        began = time.monotonic()
        print(f"{number}: {fault.value}", flush=True)  # noqa: T201 - what failed, if one does
        play(stage, fault)
        print(f"    {time.monotonic() - began:.1f} s", flush=True)  # noqa: T201 - the same


def play(stage: Stage, fault: Fault) -> None:
    """One round: the guest under way, the fault, the way back or a recovery, the truth, the end."""
    first, second = stage.nodes
    stage.told(first, "start", "vm1")
    stage.guest.change(first, migration_time=None)
    with stage.begin(first, "migrate", "vm1", "--to", "n2") as under_way:
        stage.guest.wait_state(second, "paused")
        if fault is Fault.KILL:
            under_way.kill()
        elif fault is Fault.SOURCE_OFF:
            first.kill()
        elif fault is Fault.DESTINATION_OFF:
            second.kill()
        else:
            second.cut("pub")
        said = under_way.communicate(timeout=END_SECONDS)
    assert under_way.returncode != 0, said
    assert len(stage.guest.running()) <= 1
    print("    " + "".join(said)[-400:])  # noqa: T201 - what it came to
    if fault is Fault.CABLE:
        second.heal("pub")
    for node in stage.nodes:
        if not node.is_on:
            node.on()
            stage.guest.give(node)
    stage.guest.change(first, migration_time=0.0)
    for node in stage.nodes:
        print(stage.told(node, "recover", "vm1"))  # noqa: T201 - what it came to
    running = stage.verify_truth()
    # Only the power of the source takes the guest with it.
    assert running == ["n1"] or fault is Fault.SOURCE_OFF
    for node in stage.nodes:
        if node.name in running:
            stage.told(node, "stop", "vm1")
    stage.verify_is_down()


@pytest.mark.soak
def test_a_real_guest_goes_over_with_its_disk(stage: Stage, tmp_path: Path) -> None:
    """The last one: nodes have the real libvirt and QEMU from here on."""
    first, second = stage.nodes
    write_boot_disk(tmp_path / "boot", Ending.OBEY)
    with stage.lun.image.open("r+b") as disk:
        disk.seek(DATA)
        disk.write((tmp_path / "boot").read_bytes())
    with ThreadPoolExecutor() as side_by_side:
        list(side_by_side.map(stage.guest.give_real, stage.nodes))
    stage.told(first, "start", "vm1")
    stage.verify_rests_on(first)
    first.sh(f"until grep -q BOOTED {CONSOLE}; do sleep 0.1; done")
    with watched(stage.site.lab.san, stage.lun) as watch:
        stage.told(first, "migrate", "vm1", "--to", "n2")
    assert watch.holders == [stage.site.keys["n1"], stage.site.keys["n2"]]
    assert 0 not in {sighting.holder for sighting in watch.sightings}
    stage.verify_rests_on(second)
    assert stage.guest.state(first) == "shut off (migrated)"
    # It goes on there: it has not booted anew.
    assert "BOOTED" not in second.read(str(CONSOLE))
    stage.told(second, "stop", "vm1")
    stage.verify_is_down()
