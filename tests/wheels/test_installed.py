"""The wheels in empty environments: core alone works, and a driver is there once its distribution is installed."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from tests.wheels.distributions import ROOT, Environment

pytestmark = pytest.mark.wheels

REPORTED = """
import os, subprocess, sys, tempfile
from pathlib import Path
from opensvc_testkit.collector import RecordingCollector

with tempfile.TemporaryDirectory() as name, RecordingCollector.up(Path(name) / "collector") as collector:
    etc = Path(name) / "root" / "etc"
    (etc / "svc.d").mkdir(parents=True)
    (etc / "svc.env").write_text("[default]\\nnodes = node1\\n[app#0]\\ntype = launchers\\n")
    (etc / "node.conf").write_text(f"[collector]\\nurl = {collector.url}\\n")
    env = {**os.environ, "OSVC_ROOT": str(etc.parent), "OSVC_NODE": "node1"}
    for words in (["start", "svc"], ["collector", "flush"]):
        osvc = Path(sys.executable).with_name("osvc")
        subprocess.run([osvc, *words], env=env, check=True, stdout=sys.stderr)
    print(*(call.method for call in collector.calls()), *collector.violations())
"""
"""A program: a start and what a recording collector hears of it."""
CORE = tomllib.loads((ROOT / "src/opensvc_core/pyproject.toml").read_text())["project"]


@pytest.fixture
def empty(tmp_path: Path) -> Environment:
    """An environment without any package."""
    return Environment.create(tmp_path / "environment")


def driver_ids(environment: Environment) -> set[str]:
    listed = json.loads(environment.run("osvc", "driver", "list", "--format", "json"))
    return {driver["id"] for driver in listed["drivers"]}


def imported(environment: Environment, module: str) -> bool:
    found = environment.run("python", "-c", f"import importlib.util as u; print(u.find_spec({module!r}) is not None)")
    return found.strip() == "True"


def test_core_alone_then_with_a_driver(empty: Environment, wheelhouse: Path) -> None:
    empty.install("opensvc-core", wheels=wheelhouse)
    assert not imported(empty, "opensvc_drivers_kvm"), "this environment must not see the tree"
    for script in CORE["scripts"]:
        assert (empty.folder / "bin" / script).exists()
    assert "Usage" in empty.run("osvc", "--help")
    assert driver_ids(empty) == set(CORE["entry-points"]["opensvc.drivers"])

    empty.install("opensvc-drivers-kvm", wheels=wheelhouse)
    assert driver_ids(empty) == set(CORE["entry-points"]["opensvc.drivers"]) | {"container.kvm"}
    assert "Usage" in empty.run("python", "-m", "opensvc_core", "--help")


def test_the_extras_of_the_root_bring_the_members(empty: Environment, wheelhouse: Path) -> None:
    empty.install("opensvc[all]", wheels=wheelhouse)
    assert imported(empty, "opensvc_core")
    assert imported(empty, "opensvc_collector_client")
    assert imported(empty, "opensvc_drivers_kvm")
    assert imported(empty, "opensvc_drivers_linux")
    assert imported(empty, "opensvc_scsi_sg")
    assert not imported(empty, "opensvc_testkit"), "nobody gets a simulated platform unasked"
    empty.install("opensvc[testkit]", wheels=wheelhouse)
    assert imported(empty, "opensvc_testkit")
    told = empty.run("python", "-c", REPORTED).split()
    assert [method for method in told if method.endswith("_action")] == ["begin_action", "end_action"], told
