"""`container.xen` against simulated executables: what it makes of a toolstack that fails in every way it can."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import define

from opensvc_core.api import (
    ActionError,
    CommandFailed,
    CommandTimeout,
    Context,
    Phase,
    Resource,
    ResourceId,
    Status,
    StatusReport,
    Undetermined,
)
from opensvc_core.host.local import LocalHost
from opensvc_core.recording import Recording
from opensvc_drivers_xen import XenContainer
from opensvc_testkit.faults import FaultKind
from opensvc_testkit.platforms.xen import SimulatedXen
from opensvc_testkit.simulated import SimulatedCluster
from tests.opensvc_drivers_kvm.stand_ins import context_on

pytestmark = pytest.mark.simulated

DEFAULTS = {keyword.name: keyword.default for keyword in XenContainer.keywords}
NODES = ("node1", "node2")


@define
class XenNode:
    """The driver on a simulated node with Xen, beside another one."""

    xen: SimulatedXen
    path: str
    driver: XenContainer

    @property
    def cluster(self) -> SimulatedCluster:
        return self.xen.cluster

    def guest(self, name: str = "vm1", **options: object) -> Resource:
        config = str(self.xen.define_guest(name, nodes=NODES, boot_time=0, shutdown_time=0))
        return self.resource(name, **{"config": config, **options})

    @staticmethod
    def resource(service: str, **options: object) -> Resource:
        options = {**DEFAULTS, **options}
        return Resource(ResourceId(service, "container#0"), "container.xen", options=options, phase=Phase.CONTAINER)

    def context(self, *resources: Resource, limit: float = 20.0) -> Context:
        return context_on(LocalHost("node1", self.path), *resources, limit=limit)

    def statuses(self, *resources: Resource, limit: float = 20.0) -> dict[str, StatusReport]:
        found = self.driver.status(resources, self.context(*resources, limit=limit))
        return {resource_id.service: report for resource_id, report in found}

    def status(self, resource: Resource, limit: float = 20.0) -> StatusReport:
        return self.statuses(resource, limit=limit)[resource.id.service]

    def start(self, resource: Resource) -> bool:
        return self.driver.start(resource, self.context(resource)).is_changed

    def stop(self, resource: Resource) -> bool:
        return self.driver.stop(resource, self.context(resource)).is_changed

    def words(self, tool: str = "xl") -> list[str]:
        """The commands that were given, without what follows their names."""
        return [call.arguments[0] for call in self.cluster.calls(tool)]


@pytest.fixture
def node(simulated_cluster: SimulatedCluster, tmp_path: Path) -> XenNode:
    xen = SimulatedXen(simulated_cluster)
    for name in NODES:
        simulated_cluster.define_node(name)
    folder = xen.install(tmp_path / "bin", node="node1")
    return XenNode(xen, str(folder), XenContainer())


def text_of(report: StatusReport) -> str:
    return "; ".join(note.text for note in report.notes)


def test_a_guest_is_started_and_stopped(node: XenNode) -> None:
    vm1 = node.guest()
    assert node.status(vm1) == StatusReport(Status.DOWN)
    assert node.start(vm1)
    assert node.status(vm1) == StatusReport(Status.UP)
    assert not node.start(vm1)
    assert node.stop(vm1)
    assert node.status(vm1) == StatusReport(Status.DOWN)
    assert not node.stop(vm1)
    assert "destroy" not in node.words()


def test_500_guests_are_asked_about_with_one_call_and_one_more_for_those_that_do_not_run(
    node: XenNode,
) -> None:
    running = [node.guest(f"vm{number}") for number in range(3)]
    for resource in running:
        node.start(resource)
    node.cluster.clear_calls()
    assert {report.status for report in node.statuses(*running).values()} == {Status.UP}
    assert node.words() == ["list"]
    node.cluster.clear_calls()
    others = [node.resource(f"other{number}") for number in range(497)]
    reports = node.statuses(*running, *others)
    assert sum(report.status is Status.UP for report in reports.values()) == len(running)
    assert sum(report.status is Status.DOWN for report in reports.values()) == len(others)
    assert node.words() == ["list", "list"]


def test_a_guest_that_ignores_the_request_is_destroyed(node: XenNode) -> None:
    vm1 = node.guest(stop_timeout=0.2)
    node.cluster.change_guest("vm1", shutdown_time=None)
    node.start(vm1)
    assert node.stop(vm1)
    assert [word for word in node.words() if word in {"shutdown", "destroy"}] == ["shutdown", "destroy"]
    assert node.xen.state_of("node1", "vm1") == ""


@pytest.mark.parametrize("kind", [FaultKind.GARBAGE, FaultKind.PARTIAL, FaultKind.CRASH, FaultKind.FAIL])
def test_an_answer_that_is_not_whole_is_undef(node: XenNode, kind: FaultKind) -> None:
    vm1, other = node.guest(), node.guest("other")
    node.start(vm1)
    node.cluster.set_fault("xl", kind, text="libxl: error: out of order\n" if kind is FaultKind.FAIL else "")
    for resources in ((other,), (vm1, other)):
        assert node.statuses(*resources)["other"].status is Status.UNDEF
    for action in (node.start, node.stop):
        with pytest.raises(ActionError):
            action(other)


def test_a_tool_that_hangs_is_undef_within_the_limit(node: XenNode) -> None:
    vm1 = node.guest()
    node.cluster.set_fault("xl", FaultKind.HANG)
    assert node.status(vm1, limit=1.0).status is Status.UNDEF


def test_no_tool_at_all_is_undef(node: XenNode) -> None:
    vm1 = node.guest()
    for tool in ("xl", "xm"):
        (Path(node.path) / tool).unlink()
    assert node.status(vm1).status is Status.UNDEF


def test_a_node_that_was_booted_without_xen_is_undef(node: XenNode) -> None:
    vm1 = node.guest()
    node.xen.set_hypervisor("node1", is_there=False)
    report = node.status(vm1)
    assert report.status is Status.UNDEF
    assert "cannot open" in text_of(report)


def test_words_for_an_unknown_domain_that_are_not_known_are_undef(node: XenNode) -> None:
    vm1 = node.guest()
    node.cluster.set_fault("xl", FaultKind.FAIL, words=["list", "vm1"], text="vm1: no such thing\n")
    assert node.status(vm1).status is Status.UNDEF


def test_xm_is_taken_where_there_is_no_xl(node: XenNode) -> None:
    (Path(node.path) / "xl").unlink()
    vm1 = node.guest()
    assert node.status(vm1).status is Status.DOWN
    assert node.start(vm1)
    assert node.status(vm1).status is Status.UP
    assert node.stop(vm1)
    assert [word for word in node.words("xm") if word == "shutdown"] == ["shutdown"]
    assert not any("-F" in call.arguments for call in node.cluster.calls("xm"))


def test_the_toolstack_that_is_named_is_the_only_one_asked(node: XenNode) -> None:
    vm1 = node.guest(toolstack="xm")
    assert node.start(vm1)
    assert node.status(vm1).status is Status.UP
    assert not node.words("xl")


@pytest.mark.parametrize("name", ["5", "-v", "Domain-0"])
def test_a_name_that_xl_could_take_for_something_else_is_never_acted_upon(node: XenNode, name: str) -> None:
    resource = node.resource("svc", name=name)
    assert node.status(resource).status is Status.UNDEF
    for action in (node.start, node.stop):
        with pytest.raises(ActionError):
            action(resource)
    assert not node.words()


def test_a_create_that_is_refused_says_why(node: XenNode) -> None:
    vm1 = node.guest()
    node.xen.set_memory("node1", 16)
    with pytest.raises(CommandFailed, match="failed to free memory"):
        node.start(vm1)


def test_a_create_without_its_file_says_which(node: XenNode) -> None:
    with pytest.raises(CommandFailed, match=r"/etc/xen/nowhere\.cfg"):
        node.start(node.resource("nowhere"))


def test_the_file_of_another_guest_is_refused(node: XenNode) -> None:
    other = node.guest("other")
    vm1 = node.guest(config=other.text("config"))
    with pytest.raises(ActionError, match="'other'"):
        node.start(vm1)
    assert "create" not in node.words()


def test_a_create_that_is_ended_at_its_limit_is_kept_as_a_lost_change(node: XenNode) -> None:
    vm1 = node.guest(start_timeout=1.0)
    node.cluster.set_fault("xl", FaultKind.HANG, words=["create"], after=True)
    context = node.context(vm1)
    with pytest.raises(CommandTimeout):
        node.driver.start(vm1, context)
    assert len(context.lost_changes) == 1


def test_a_dry_run_shows_what_a_run_then_does(node: XenNode) -> None:
    vm1 = node.guest()
    context = node.context(vm1)
    context.recording = Recording()
    with pytest.raises(Undetermined):
        node.driver.start(vm1, context)
    assert [line.argv for line in context.recording.commands] == [("xl", "create", vm1.text("config"))]
    assert node.xen.state_of("node1", "vm1") == ""


def test_a_paused_guest_is_a_warning_and_is_stopped_by_force(node: XenNode) -> None:
    vm1 = node.guest()
    node.start(vm1)
    context = node.context(vm1)
    context.run("xl", "pause", "vm1")
    report = node.status(vm1)
    assert (report.status, text_of(report)) == (Status.WARN, "paused: `xl unpause vm1`")
    assert node.stop(vm1)
    assert "shutdown" not in node.words()


def test_a_guest_migrates(node: XenNode) -> None:
    vm1 = node.guest()
    with pytest.raises(ActionError, match="cannot be migrated"):
        node.driver.migrate(vm1, "node2", node.context(vm1))
    node.start(vm1)
    assert node.driver.migrate(vm1, "node2", node.context(vm1)).is_changed
    assert node.cluster.running_on("vm1") == ("node2",)
    assert node.status(vm1).status is Status.DOWN


def test_a_migration_that_fails_leaves_the_guest_here_and_says_why(node: XenNode) -> None:
    vm1 = node.guest()
    node.start(vm1)
    with pytest.raises(ActionError, match="still runs here"):
        node.driver.migrate(vm1, "nowhere", node.context(vm1))
    assert node.status(vm1).status is Status.UP


def test_facts_and_files(node: XenNode) -> None:
    path = str(node.xen.define_guest("vm1", nodes=NODES, disks=["/dev/vg/data"], boot_time=0))
    vm1 = node.resource("vm1", config=path)
    context = node.context(vm1)
    for _ in range(2):
        items = {item.name: item.value for item in node.driver.inventory([vm1, node.resource("nosuch")], context)}
        devices = node.driver.list_devices(vm1, context)
        assert items == {"vcpus": 1, "memory": 512 << 20, "disks": devices}
        assert [(device.path, device.kind) for device in devices] == [
            ("/var/lib/xen/images/vm1.img", "file"),
            ("/dev/vg/data", "block"),
        ]
        node.start(vm1)
    assert list(node.driver.list_files(vm1, context)) == [Path(path)]
    with pytest.raises(ActionError, match="cannot tell the disks"):
        node.driver.list_devices(node.resource("nosuch"), context)
