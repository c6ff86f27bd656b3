"""Facts, checks, packages and disks of simulated HP-UX and Solaris nodes, and checks of a Linux node."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from opensvc_core.actions.agent import Agent
from opensvc_core.api import (
    Cancel,
    Command,
    Patch,
    collect_inventory,
    list_packages,
    open_agent,
    read_node_facts,
    run_checks,
)
from opensvc_testkit.faults import FaultKind
from opensvc_testkit.platforms.hpux import OS_NAME, SimulatedHpux
from opensvc_testkit.platforms.solaris import PLATFORM, SUNOS, SimulatedSolaris
from opensvc_testkit.simulated import SimulatedCluster
from tests.opensvc_lvm.stand_ins import LvmNode

pytestmark = pytest.mark.simulated

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def shown(agent: Agent, names: Sequence[str] = ()) -> dict[tuple[str, str], tuple[int | None, str, str]]:
    """Percent, state and owner of each check."""
    report = run_checks(agent, [agent.load(name) for name in agent.find(names)])
    return {(check.type, check.instance): (check.value, check.state.value, check.service) for check in report.checks}


@pytest.fixture
def hpux(simulated_cluster: SimulatedCluster, tmp_path: Path) -> Agent:
    """An HP-UX node with a group of one disk."""
    simulated = SimulatedHpux(simulated_cluster)
    simulated.define_node("n1", "10.0.0.1", serial="DEH481567L")
    simulated.install(tmp_path / "bin", node="n1")
    simulated.add_disk(18, {"n1": ["/dev/rdsk/c2t0d6"]}, identity="naa.60060e80ab", vendor="HP", model="HSV210")
    simulated.groups.define("/dev/vg188", ["naa.60060e80ab"], nodes=["n1"])
    root = tmp_path / "opensvc"
    simulated_cluster.prepare_root(root)
    agent = open_agent(root, "n1", path=f"{tmp_path / 'bin'}:{PATH}", os_name=OS_NAME)
    agent.host.execute(Command(("vgchange", "-a", "y", "/dev/vg188"), changes=True), Cancel())
    return agent


def test_an_hpux_node_is_told(hpux: Agent) -> None:
    facts = read_node_facts(hpux)
    assert (facts.os_name, facts.os_vendor, facts.os_release) == ("HP-UX", "HP", "B.11.31")
    assert (facts.cpu_model, facts.cpu_freq) == ("Intel(R) Itanium 2 9100 series", 1600)
    assert (facts.cpu_dies, facts.cpu_cores, facts.cpu_threads) == (2, 4, 4)
    assert (facts.mem_bytes, facts.serial, facts.model) == (24013 << 20, "DEH481567L", "ia64 hp server rx2660")
    assert facts.interfaces is not None
    assert [(each.name, each.addresses, each.is_up) for each in facts.interfaces] == [("lan0", ("10.0.0.1/24",), True)]
    assert facts.boot_time is None
    assert not facts.notes
    packages = list_packages(hpux)
    assert packages.patches == (Patch("PHCO_38955", "1.0"), Patch("PHKL_35709", "1.0"))
    assert packages.packages is not None
    assert [each.name for each in packages.packages] == ["LVM", "OpenSSL"]


def test_disks_and_groups_of_an_hpux_node(hpux: Agent) -> None:
    text = "[default]\nservice_type = DEV\nnodes = n1\n[vg#1]\nvgname = vg188\n"
    (hpux.node.folders.etc / "vm188.env").write_text(text)
    (service,) = collect_inventory(hpux, [hpux.load("vm188")]).services
    (disk,) = service.disks
    assert (disk.disk_id, disk.size, disk.vendor, disk.model, disk.group) == (
        "0x60060e80ab", 1 << 30, "HP", "HSV210", "vg188",
    )  # fmt: skip
    assert shown(hpux)["vg_u", "vg188"][1:] == ("ok", "vm188")


def test_groups_of_a_linux_node(tmp_path: Path) -> None:
    lvm = LvmNode(tmp_path / "bin")
    lvm.install()
    lvm.add_group()
    agent = open_agent(tmp_path / "opensvc", "n1", path=f"{lvm.folder}:{PATH}", settings={"checks": {"vg_u": "10:99"}})
    # 11 of 62 extents, rounded up.
    assert shown(agent)["vg_u", "data"] == (18, "warning", "")


@pytest.fixture
def solaris(simulated_cluster: SimulatedCluster, tmp_path: Path) -> tuple[SimulatedSolaris, Agent]:
    """A Solaris node."""
    simulated = SimulatedSolaris(simulated_cluster)
    simulated.define_node("n1", "10.0.0.1")
    simulated_cluster.install(tmp_path / "bin", node="n1", platforms=(PLATFORM,))
    root = tmp_path / "opensvc"
    simulated_cluster.prepare_root(root)
    return simulated, open_agent(root, "n1", path=f"{tmp_path / 'bin'}:{PATH}", os_name=SUNOS)


def test_a_solaris_node_is_told(solaris: tuple[SimulatedSolaris, Agent]) -> None:
    simulated, agent = solaris
    facts = read_node_facts(agent)
    assert (facts.os_vendor, facts.os_release, facts.os_arch) == ("Oracle", "Solaris 11.4 SPARC", "sun4v")
    assert (facts.cpu_model, facts.cpu_dies, facts.cpu_cores, facts.cpu_threads) == ("SPARC-T5", 1, 8, 64)
    assert (facts.manufacturer, facts.model) == ("Oracle Corporation", "sun4v SPARC T5-2")
    assert (facts.mem_bytes, facts.mem_slots, facts.boot_time) == (32 << 30, None, 1548249721.0)
    assert (facts.serial or "").startswith("AK00")
    assert facts.interfaces is not None
    assert [(each.name, each.addresses) for each in facts.interfaces] == [("net0", ("10.0.0.1/24",))]
    packages = list_packages(agent)
    assert packages.packages is not None
    assert len(packages.packages) == 3
    assert packages.patches is None
    simulated.define_node("n1", "10.0.0.1", release="10")
    packages = list_packages(agent)
    assert packages.patches == (Patch("118367", "04"), Patch("119254", "92"))
    assert packages.packages is not None
    assert [each.arch for each in packages.packages] == ["sparc.sun4v", "sparc"]


def test_checks_of_a_solaris_node_belong_to_services(solaris: tuple[SimulatedSolaris, Agent]) -> None:
    _, agent = solaris
    text = "[default]\nservice_type = DEV\nnodes = n1\n[fs#1]\ndev = rpool/export\nmnt = /export\ntype = solaris\n"
    (agent.node.folders.etc / "files.env").write_text(text)
    assert shown(agent) == {
        ("fs_u", "/"): (7, "ok", ""),
        ("fs_u", "/tmp"): (1, "ok", ""),
        ("fs_u", "/export"): (94, "error", "files"),
    }


@pytest.mark.parametrize("kind", [FaultKind.HANG, FaultKind.GARBAGE, FaultKind.FAIL])
def test_a_tool_that_is_broken_is_a_note_and_no_check(
    solaris: tuple[SimulatedSolaris, Agent], simulated_cluster: SimulatedCluster, kind: FaultKind
) -> None:
    _, agent = solaris
    agent.limits = type(agent.limits)(inventory=2.0)
    simulated_cluster.set_fault("df", kind)
    report = run_checks(agent, [])
    assert report.checks == ()
    assert report.notes
