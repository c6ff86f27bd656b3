"""`container.kvm` against simulated executables: what it makes of a virsh that fails in every way it can."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from attrs import define, evolve

from opensvc_core.api import ActionError, CommandFailed, CommandTimeout, Context, Resource, Status, StatusReport
from opensvc_core.host.local import LocalHost
from opensvc_core.node import Folders
from opensvc_drivers_kvm import KvmContainer
from opensvc_drivers_kvm.domains import LibvirtPlatform
from opensvc_testkit.faults import FaultKind, Libvirtd
from opensvc_testkit.simulated import SimulatedCluster
from opensvc_testkit.simulated_node import SimulatedNode
from tests.opensvc_drivers_kvm.stand_ins import context_on, kvm_resource

pytestmark = pytest.mark.simulated


@define
class SimulatedKvm:
    """The driver on a simulated hypervisor."""

    cluster: SimulatedCluster
    path: str
    driver: KvmContainer

    def statuses(self, *resources: Resource, limit: float = 20.0) -> dict[str, StatusReport]:
        context = context_on(LocalHost("node1", self.path), *resources, limit=limit)
        return {str(resource_id.service): report for resource_id, report in self.driver.status(resources, context)}

    def status(self, resource: Resource, limit: float = 20.0) -> StatusReport:
        return self.statuses(resource, limit=limit)[resource.id.service]

    def start(self, resource: Resource, limit: float = 20.0) -> bool:
        outcome = self.driver.start(resource, context_on(LocalHost("node1", self.path), resource, limit=limit))
        return outcome.is_changed

    def stop(self, resource: Resource, limit: float = 20.0) -> bool:
        outcome = self.driver.stop(resource, context_on(LocalHost("node1", self.path), resource, limit=limit))
        return outcome.is_changed


@pytest.fixture
def kvm(simulated_cluster: SimulatedCluster, tmp_path: Path) -> SimulatedKvm:
    folder = simulated_cluster.install(tmp_path / "bin", node="node1")
    simulated_cluster.define_node("node1")
    return SimulatedKvm(simulated_cluster, str(folder), KvmContainer())


def text_of(report: StatusReport) -> str:
    return "; ".join(note.text for note in report.notes)


def test_a_guest_is_started_and_stopped(kvm: SimulatedKvm) -> None:
    kvm.cluster.define_guest("vm1", nodes=["node1"], boot_time=0, shutdown_time=0)
    vm1 = kvm_resource()
    assert kvm.status(vm1) == StatusReport(Status.DOWN)
    assert kvm.start(vm1)
    assert kvm.status(vm1) == StatusReport(Status.UP)
    assert not kvm.start(vm1)
    assert kvm.stop(vm1)
    assert kvm.status(vm1).status is Status.DOWN
    assert not kvm.stop(vm1)


def test_services_of_one_libvirt_are_asked_about_with_one_call(kvm: SimulatedKvm) -> None:
    names = [f"vm{number}" for number in range(20)]
    for name in names[:10]:
        kvm.cluster.define_guest(name, nodes=["node1"])
    assert kvm.start(kvm_resource("vm3"))
    kvm.cluster.clear_calls()
    reports = kvm.statuses(*map(kvm_resource, names))
    assert {name for name, report in reports.items() if report.status is Status.UP} == {"vm3"}
    assert {text_of(reports[name]) for name in names[10:]} == {"not defined in libvirt"}
    assert len(kvm.cluster.calls("virsh")) == 1


def test_two_services_may_name_one_guest(kvm: SimulatedKvm) -> None:
    kvm.cluster.define_guest("vm1", nodes=["node1"])
    reports = kvm.statuses(kvm_resource("a", name="vm1"), kvm_resource("b", name="vm1"))
    assert {report.status for report in reports.values()} == {Status.DOWN}
    assert set(reports) == {"a", "b"}


@pytest.mark.parametrize("kind", [FaultKind.GARBAGE, FaultKind.PARTIAL, FaultKind.CRASH, FaultKind.FAIL])
@pytest.mark.parametrize("name", ["vm1", "nosuch"])
def test_an_answer_that_is_not_whole_is_undef(kvm: SimulatedKvm, kind: FaultKind, name: str) -> None:
    kvm.cluster.define_guest("vm1", nodes=["node1"])
    kvm.cluster.set_fault("virsh", kind, text="error: it does not work\n" if kind is FaultKind.FAIL else "")
    assert kvm.status(kvm_resource(name)).status is Status.UNDEF
    with pytest.raises(ActionError):
        kvm.stop(kvm_resource("nosuch"))


@pytest.mark.parametrize(
    ("libvirtd", "word"),
    [
        (Libvirtd.ABSENT, "No such file or directory"),
        (Libvirtd.KILLED, "Connection refused"),
        (Libvirtd.DENIED, "Permission denied"),
    ],
)
def test_a_libvirt_that_cannot_be_reached_is_undef_with_the_reason(
    kvm: SimulatedKvm, libvirtd: Libvirtd, word: str
) -> None:
    kvm.cluster.define_guest("vm1", nodes=["node1"])
    kvm.cluster.set_libvirtd("node1", libvirtd)
    report = kvm.status(kvm_resource())
    assert report.status is Status.UNDEF
    assert word in text_of(report)
    for action in (kvm.start, kvm.stop):
        with pytest.raises(ActionError, match=word):
            action(kvm_resource())


def test_a_libvirt_that_hangs_is_undef_within_the_limit(kvm: SimulatedKvm) -> None:
    kvm.cluster.define_guest("vm1", nodes=["node1"])
    kvm.cluster.set_libvirtd("node1", Libvirtd.HUNG)
    report = kvm.status(kvm_resource(), limit=1.0)
    assert report.status is Status.UNDEF
    assert "does not answer" in text_of(report)


def test_a_listing_that_hangs_leads_to_each_guest_by_itself(kvm: SimulatedKvm) -> None:
    for name in ("vm1", "vm2", "stuck"):
        kvm.cluster.define_guest(name, nodes=["node1"])
    assert kvm.start(kvm_resource("vm2"))
    kvm.cluster.set_fault("virsh", FaultKind.HANG, words=["list"], times=1)
    kvm.cluster.set_fault("virsh", FaultKind.HANG, words=["stuck"])
    reports = kvm.statuses(*map(kvm_resource, ("vm1", "vm2", "stuck", "nosuch")), limit=3.0)
    assert {name: report.status for name, report in reports.items()} == {
        "vm1": Status.DOWN,
        "vm2": Status.UP,
        "stuck": Status.UNDEF,
        "nosuch": Status.DOWN,
    }


def test_a_missing_virsh_is_undef(kvm: SimulatedKvm) -> None:
    (Path(kvm.path) / "virsh").unlink()
    report = kvm.status(kvm_resource())
    assert report.status is Status.UNDEF
    assert "virsh" in text_of(report)


def test_a_failed_look_is_not_taken_for_a_guest_that_is_not_there(kvm: SimulatedKvm) -> None:
    kvm.cluster.define_guest("vm1", nodes=["node1"])
    kvm.cluster.set_fault("virsh", FaultKind.FAIL, words=["domstats"], text="error: failed to get domain 'vm1'\n")
    with pytest.raises(ActionError, match="cannot tell"):
        kvm.stop(kvm_resource())


def test_a_boot_that_takes_effect_after_its_limit_is_kept_as_a_lost_change(kvm: SimulatedKvm) -> None:
    kvm.cluster.define_guest("vm1", nodes=["node1"])
    kvm.cluster.set_fault("virsh", FaultKind.HANG, words=["start"], after=True)
    context = context_on(LocalHost("node1", kvm.path), vm1 := kvm_resource(start_timeout=1.0))
    with pytest.raises(CommandTimeout):
        kvm.driver.start(vm1, context)
    assert context.lost_changes == ("virsh -c qemu:///system start vm1",)


def test_a_refused_boot_says_every_line_of_the_reason(kvm: SimulatedKvm) -> None:
    kvm.cluster.define_guest("vm1", nodes=["node1"])
    text = "error: Failed to start domain 'vm1'\nerror: Cannot access storage file '/x'\n"
    kvm.cluster.set_fault("virsh", FaultKind.FAIL, words=["start"], text=text)
    with pytest.raises(CommandFailed, match="Failed to start domain 'vm1': Cannot access storage file '/x'"):
        kvm.start(kvm_resource())


def test_a_guest_is_defined_from_its_file(kvm: SimulatedKvm) -> None:
    path = kvm.cluster.define_guest("vm1")
    assert text_of(kvm.status(kvm_resource())) == "not defined in libvirt"
    with pytest.raises(ActionError, match="not defined in libvirt, and its definition"):
        kvm.start(kvm_resource())
    assert kvm.start(kvm_resource(config=str(path)))
    assert kvm.cluster.calls("virsh", "define", str(path))


def test_a_guest_can_tell_that_it_boots_on_a_disaster_recovery_node(kvm: SimulatedKvm, tmp_path: Path) -> None:
    path = kvm.cluster.define_guest("vm1", boot_time=0, shutdown_time=0)
    guest = kvm_resource(config=str(path))

    def context(nodes: tuple[str, ...], drpnodes: tuple[str, ...]) -> Context:
        made = context_on(LocalHost("node1", kvm.path), guest)
        made.node = evolve(made.node, folders=Folders(tmp_path))
        service = evolve(made.services["vm1"], nodes=nodes, drpnodes=drpnodes)
        return evolve(made, services={"vm1": service})

    there, back = context(("node0",), ("node1",)), context(("node1",), ("node9",))
    kvm.driver.start(guest, there)
    flag = tmp_path / "var" / "drp_flag.vdisk"
    assert flag.read_bytes() == bytes(512)
    devices = kvm.driver.list_devices(guest, there)
    assert [(d.path, d.is_writable) for d in devices if d.target == "vdosvc"] == [(str(flag), False)]
    kvm.stop(guest)
    kvm.driver.start(guest, back)
    assert not [d for d in kvm.driver.list_devices(guest, back) if d.target == "vdosvc"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("<domain><name>other</name></domain>", "'other'"),
        ("<domain/>", "without name"),
        ("<!DOCTYPE domain><domain><name>vm1</name></domain>", "DOCTYPE"),
        ("no xml at all", "not readable"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_before_anything_changes(
    kvm: SimulatedKvm, tmp_path: Path, text: str, word: str
) -> None:
    path = tmp_path / "vm1.xml"
    path.write_text(text)
    kvm.cluster.define_guest("vm1", nodes=["node1"])
    with pytest.raises(ActionError, match=word):
        kvm.start(kvm_resource(config=str(path)))
    assert not kvm.cluster.calls("virsh", "define")
    assert not kvm.cluster.calls("virsh", "start")


@pytest.mark.parametrize(("state", "reason"), [(3, 5), (6, 1), (7, 0)])
def test_a_guest_that_cannot_hear_is_stopped_by_force_at_once(kvm: SimulatedKvm, state: int, reason: int) -> None:
    kvm.cluster.define_guest("vm1", nodes=["node1"])
    kvm.start(kvm_resource())
    kvm.cluster.set_domain_state("node1", "vm1", state, reason)
    assert kvm.status(kvm_resource()).status is Status.WARN
    assert kvm.stop(kvm_resource())
    assert not kvm.cluster.calls("virsh", "shutdown")
    assert kvm.cluster.running_on("vm1") == ()


def test_the_guest_agent_is_asked_before_the_power_button(kvm: SimulatedKvm) -> None:
    kvm.cluster.define_guest("vm1", nodes=["node1"], has_agent=True, boot_time=0, shell_delay=0, shutdown_time=0)
    vm1 = kvm_resource(qga=True)
    kvm.start(vm1)
    assert kvm.stop(vm1)
    assert [call.arguments[3:5] for call in kvm.cluster.calls("virsh", "shutdown")] == [("--mode", "agent")]
    kvm.start(vm1)
    kvm.cluster.change_guest("vm1", has_agent=False)
    kvm.cluster.clear_calls()
    kvm.cluster.set_fault("virsh", FaultKind.FAIL, words=["agent"], text="error: no agent\n")
    assert kvm.stop(vm1)
    assert [call.arguments[4] for call in kvm.cluster.calls("virsh", "shutdown")] == ["agent", "acpi"]


def test_a_guest_that_is_gone_before_its_agent_answers_was_asked(kvm: SimulatedKvm) -> None:
    kvm.cluster.define_guest("vm1", nodes=["node1"], has_agent=True, boot_time=0, shell_delay=0)
    vm1 = kvm_resource(qga=True)
    kvm.start(vm1)
    words = "error: Failed to shutdown domain 'vm1'\nerror: internal error: End of file from agent socket\n"
    kvm.cluster.set_fault("virsh", FaultKind.FAIL, words=["agent"], text=words)
    asked = LibvirtPlatform().stop_softly(vm1, 5, context_on(LocalHost("node1", kvm.path), vm1))
    assert asked.rc == 0
    assert [call.arguments[4] for call in kvm.cluster.calls("virsh", "shutdown")] == ["agent"]


@pytest.mark.parametrize("name", ["5", "-v"])
def test_a_name_that_virsh_could_take_for_something_else_is_never_acted_upon(kvm: SimulatedKvm, name: str) -> None:
    vm = kvm_resource(name=name)
    assert kvm.status(vm).status is Status.UNDEF
    for action in (kvm.start, kvm.stop):
        with pytest.raises(ActionError, match="virsh"):
            action(vm)
    assert {call.arguments[2].split()[0] for call in kvm.cluster.calls("virsh")} == {"domstats"}


def test_facts_and_files(kvm: SimulatedKvm) -> None:
    path = kvm.cluster.define_guest("vm1", nodes=["node1"], disks=["/dev/vg/data"])
    vm1 = kvm_resource(config=str(path))
    context = context_on(LocalHost("node1", kvm.path), vm1)
    items = {item.name: item.value for item in kvm.driver.inventory([vm1, kvm_resource("nosuch")], context)}
    disks = items.pop("disks")
    assert items == {"vcpus": 1, "memory": 512 << 20}
    assert disks == kvm.driver.list_devices(vm1, context)
    assert list(kvm.driver.list_files(vm1, context)) == [path]
    assert list(kvm.driver.list_files(kvm_resource(config="/nowhere.xml"), context)) == []
    devices = kvm.driver.list_devices(vm1, context)
    assert [device.path for device in devices] == ["/var/lib/libvirt/images/vm1.img", "/dev/vg/data"]
    # The file alone tells the disks of a guest that libvirt does not know yet.
    other = kvm.cluster.define_guest("vm2")
    assert kvm.driver.list_devices(kvm_resource("vm2", config=str(other)), context)
    with pytest.raises(ActionError, match="not defined"):
        kvm.driver.list_devices(kvm_resource("vm3"), context)


def test_disks_are_not_told_while_libvirt_does_not_answer(kvm: SimulatedKvm) -> None:
    path = kvm.cluster.define_guest("vm1", nodes=["node1"])
    kvm.cluster.set_libvirtd("node1", Libvirtd.ABSENT)
    vm1 = kvm_resource(config=str(path))
    with pytest.raises(ActionError, match="cannot tell the disks"):
        kvm.driver.list_devices(vm1, context_on(LocalHost("node1", kvm.path), vm1))


def test_the_password_of_a_console_is_compared_and_kept_nowhere(simulated_node: SimulatedNode) -> None:
    path = simulated_node.cluster.define_guest("vm1", nodes=["node1"], boot_time=0)
    path.write_text(path.read_text().replace("</devices>", "<graphics type='vnc' passwd='hunter2'/></devices>"))
    text = f"[default]\nservice_type = DEV\nnodes = node1\n[container#0]\ntype = kvm\nconfig = {path}\n"
    (simulated_node.root / "etc" / "vm1.env").write_text(text)
    osvc = str(Path(sys.executable).parent / "osvc")
    for changed in (True, False):
        started = simulated_node.run(osvc, "start", "vm1", "--format", "json")
        assert started.returncode == 0, started.stderr
        assert ("defined anew" in started.stdout) is changed
        run = json.loads(started.stdout)["id"]
        told = simulated_node.run(osvc, "log", "--run", run, "--format", "json").stdout
        assert "--security-info" in told
        assert "hunter2" not in told + started.stdout + started.stderr
    for file in (simulated_node.root / "var").rglob("*"):
        assert not file.is_file() or b"hunter2" not in file.read_bytes()
