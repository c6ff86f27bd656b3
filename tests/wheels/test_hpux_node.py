"""Four wheels make a node of HP-UX: nothing else is installed, and nothing in them is made for Linux alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opensvc_testkit.simulated import SimulatedCluster
from tests.hpux_cluster import HpuxCluster
from tests.wheels.distributions import Environment, build, members

pytestmark = pytest.mark.wheels

NAMES = ("opensvc-core", "opensvc-drivers-hpvm", "opensvc-lvm", "opensvc-scsi-scu")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment into which only these four were installed, from wheels."""
    wheels = tmp_path_factory.mktemp("wheels")
    for each in members():
        if each.name in NAMES:
            build(each.folder, wheels, "--wheel")
    environment = Environment.create(tmp_path_factory.mktemp("hpux") / "environment")
    environment.install(*NAMES, wheels=wheels)
    return environment


def test_no_other_distribution_of_ours_and_nothing_compiled_comes_along(environment: Environment) -> None:
    program = (
        "import importlib.metadata as m, json;"
        "print(json.dumps(sorted({d.metadata['Name'] for d in m.distributions()})))"
    )
    installed = set(json.loads(environment.run("python", "-c", program)))
    assert {name for name in installed if name.startswith("opensvc")} == set(NAMES)
    compiled = [path for path in environment.folder.rglob("*") if path.suffix in {".so", ".dylib", ".pyd"}]
    assert compiled == [], "there are no compiled wheels for HP-UX"


def test_its_drivers_load_without_those_of_linux(environment: Environment) -> None:
    listed = json.loads(environment.run("osvc", "driver", "check", "--format", "json"))
    found = {driver["id"]: driver["problem"] for driver in listed["drivers"]}
    assert {"container.hpvm", "disk.hpux_lvm"} <= set(found)
    assert set(found.values()) == {""}
    program = (
        "import sys, opensvc_drivers_hpvm, opensvc_lvm.hpux.driver, opensvc_scsi_scu;"
        "print([name for name in ('opensvc_lvm.driver', 'opensvc_lvm.kernel') if name in sys.modules])"
    )
    assert environment.run("python", "-c", program).strip() == "[]"


@pytest.mark.simulated
def test_it_runs_a_service_of_mode_hpvm(
    environment: Environment, simulated_cluster: SimulatedCluster, tmp_path: Path
) -> None:
    """The vendor's tools are simulated, by the environment of the tests; the agent is that of the wheels."""
    cluster = HpuxCluster.make(simulated_cluster, tmp_path, environment.folder / "bin/osvc")
    hpux = cluster.hpux

    def osvc(*words: str) -> str:
        done = cluster.run("node109", *words)
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    osvc("config", "validate", "vm188")
    osvc("start", "vm188")
    told = json.loads(osvc("status", "vm188", "--format", "json"))["services"]["vm188"]
    assert told["avail"] == "up"
    assert {rid: each["status"] for rid, each in told["resources"].items()} == {
        "vmdgpr": "up", "vg#1pr": "up", "vg#1": "up", "vmdg": "n/a", "container#0": "up", "ip#1": "up", "app#0": "up",
        "sync#i0": "n/a",
    }  # fmt: skip
    assert hpux.cluster.running_on("vm188") == ("node109",)
    assert hpux.disks.writers(cluster.disk) == ("node109",)
    osvc("diskupdate", "vm188")
    osvc("stop", "vm188")
    assert hpux.cluster.running_on("vm188") == ()
    assert hpux.groups.active_on("vg188") == ()
    assert hpux.disks.keys(cluster.disk) == hpux.disks.keys(cluster.group_disk) == ()
