"""A service of mode hpvm with its disks, group, reservations, address and application on two simulated HP-UX nodes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opensvc_testkit.simulated import SimulatedCluster
from tests.hpux_cluster import HpuxCluster

pytestmark = pytest.mark.simulated


@pytest.fixture
def cluster(simulated_cluster: SimulatedCluster, tmp_path: Path) -> HpuxCluster:
    return HpuxCluster.make(simulated_cluster, tmp_path)


def done(cluster: HpuxCluster, node: str, *words: str, status: int = 0) -> str:
    """What a command prints that ends with that status."""
    ended = cluster.run(node, *words)
    assert ended.returncode == status, f"{words}: {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout + ended.stderr


def statuses(cluster: HpuxCluster, node: str) -> dict[str, str]:
    ended = cluster.run(node, "status", "vm188", "--format", "json")
    service = json.loads(ended.stdout)["services"]["vm188"]
    return {rid: each["status"] for rid, each in service["resources"].items()}


def test_a_life(cluster: HpuxCluster) -> None:
    hpux = cluster.hpux
    assert set(statuses(cluster, "node109").values()) <= {"down", "n/a"}
    done(cluster, "node109", "config", "validate", "vm188")
    plan = done(cluster, "node109", "start", "vm188", "--dry-run")
    assert "preserve register skey" in plan
    assert hpux.guests.state_of("node109", "vm188") == "Off"
    assert hpux.disks.keys(cluster.disk) == ()

    done(cluster, "node109", "start", "vm188")
    assert statuses(cluster, "node109") == {
        "vmdgpr": "up", "vg#1pr": "up", "vg#1": "up", "vmdg": "n/a", "container#0": "up", "ip#1": "up", "app#0": "up",
        "sync#i0": "n/a",
    }  # fmt: skip
    assert hpux.cluster.running_on("vm188") == ("node109",)
    assert hpux.groups.active_on("vg188") == ("node109",)
    for disk in (cluster.disk, cluster.group_disk):
        assert hpux.disks.writers(disk) == ("node109",)
        assert len(hpux.disks.keys_of(disk, "node109")) == 2, "both paths are registered"
    assert hpux.cluster.is_application_up("vm188", "erp")

    # Nothing was written for peers before: what gives the reservations up is written by the stop itself.
    done(cluster, "node109", "stop", "vm188")
    assert hpux.guests.state_of("node109", "vm188") == "Off"
    assert hpux.groups.active_on("vg188") == ()
    assert hpux.groups.imported_on("vg188") == (), "it is exported"
    assert hpux.disks.keys(cluster.disk) == hpux.disks.keys(cluster.group_disk) == ()


def test_a_service_moves_to_a_node_that_has_never_seen_its_group_and_calls_its_disk_otherwise(
    cluster: HpuxCluster,
) -> None:
    hpux = cluster.hpux
    done(cluster, "node109", "start", "vm188")
    told = done(cluster, "node109", "diskupdate", "vm188")
    assert "vg_vm188_vmdg.share" in told
    assert "vg_vm188_vg188.map" in told
    done(cluster, "node109", "stop", "vm188")
    told = done(cluster, "node110", "start", "vm188", status=4)
    assert "[no_map]" in told
    cluster.bring_files("node109", "node110")
    done(cluster, "node110", "start", "vm188")
    assert hpux.cluster.running_on("vm188") == ("node110",)
    assert hpux.groups.active_on("vg188") == ("node110",)
    assert "/dev/rdisk/disk18" in hpux.special_files("node110", cluster.disk), "the name that the guest has for it"
    assert hpux.guests.sharing("node110")["/dev/rdisk/disk18"] == "YES"
    assert hpux.disks.writers(cluster.disk) == ("node110",)


def test_a_node_that_loses_the_race_for_the_disks_starts_nothing(cluster: HpuxCluster) -> None:
    hpux = cluster.hpux
    done(cluster, "node109", "start", "vm188")
    done(cluster, "node109", "diskupdate", "vm188")
    cluster.bring_files("node109", "node110")
    told = done(cluster, "node110", "start", "vm188", "--permit", "duplicate_address", status=4)
    assert "is reserved by" in told
    assert hpux.cluster.running_on("vm188") == ("node109",)
    assert hpux.disks.writers(cluster.disk) == ("node109",)


def test_a_node_without_its_terminal_s_description_is_no_trap(cluster: HpuxCluster) -> None:
    """Each simulated tool prints garbage unless ``TERMINFO`` is set; the agent's environment has it not."""
    assert "TERMINFO" not in cluster.environment("node109")
    assert statuses(cluster, "node109")["container#0"] == "down"
