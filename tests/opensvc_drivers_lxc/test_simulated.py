"""`container.lxc` against simulated executables: what it makes of tools that fail in every way they can."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from attrs import define, evolve

from opensvc_core.api import (
    ActionError,
    CommandFailed,
    CommandNotFound,
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
from opensvc_core.node import Folders, Node
from opensvc_core.recording import Recording
from opensvc_drivers_lxc import LxcContainer
from opensvc_testkit.faults import FaultKind
from opensvc_testkit.platforms.lxc import SimulatedLxc
from opensvc_testkit.simulated import SimulatedCluster
from tests.opensvc_drivers_kvm.stand_ins import context_on

pytestmark = pytest.mark.simulated

DEFAULTS = {keyword.name: keyword.default for keyword in LxcContainer.keywords}
CHANGES = {"lxc-start", "lxc-stop"}
LONG = 30.0


@define
class LxcNode:
    """The driver on a simulated node with LXC."""

    lxc: SimulatedLxc
    path: str
    folder: Path
    driver: LxcContainer

    @property
    def cluster(self) -> SimulatedCluster:
        return self.lxc.cluster

    def guest(self, name: str = "c1", more: str = "", **options: object) -> Resource:
        path = str(self.folder / "containers")
        self.lxc.define_guest(name, nodes=["node1"], path=path, more=more, boot_time=0, shell_delay=0, shutdown_time=0)
        return self.resource(name, **options)

    def resource(self, service: str, **options: object) -> Resource:
        options = {**DEFAULTS, "lxcpath": str(self.folder / "containers"), **options}
        return Resource(ResourceId(service, "container#0"), "container.lxc", options=options, phase=Phase.CONTAINER)

    def context(self, *resources: Resource, limit: float = LONG) -> Context:
        context = context_on(LocalHost("node1", self.path), *resources, limit=limit)
        context.node = Node("node1", "Linux", Folders(self.folder / "opensvc"))
        return context

    def statuses(self, *resources: Resource, limit: float = LONG) -> dict[str, StatusReport]:
        found = self.driver.status(resources, self.context(*resources, limit=limit))
        return {resource_id.service: report for resource_id, report in found}

    def status(self, resource: Resource, limit: float = LONG) -> StatusReport:
        return self.statuses(resource, limit=limit)[resource.id.service]

    def start(self, resource: Resource) -> bool:
        return self.driver.start(resource, self.context(resource)).is_changed

    def stop(self, resource: Resource) -> bool:
        return self.driver.stop(resource, self.context(resource)).is_changed

    def config(self, name: str = "c1") -> Path:
        return self.folder / "containers" / name / "config"

    def commands(self) -> list[str]:
        return [call.command for call in self.cluster.calls()]


@pytest.fixture
def node(simulated_cluster: SimulatedCluster, tmp_path: Path) -> LxcNode:
    lxc = SimulatedLxc(simulated_cluster)
    simulated_cluster.define_node("node1")
    folder = lxc.install(tmp_path / "bin", node="node1")
    (folder / "mv").symlink_to(shutil.which("mv") or "/bin/mv")
    return LxcNode(lxc, str(folder), tmp_path, LxcContainer())


def text_of(report: StatusReport) -> str:
    return "; ".join(note.text for note in report.notes)


def test_a_container_is_started_and_stopped(node: LxcNode) -> None:
    c1 = node.guest()
    assert node.status(c1) == StatusReport(Status.DOWN)
    assert node.start(c1)
    assert node.status(c1) == StatusReport(Status.UP)
    assert not node.start(c1)
    assert node.stop(c1)
    assert node.status(c1) == StatusReport(Status.DOWN)
    assert not node.stop(c1)
    assert not any("-k" in call.arguments for call in node.cluster.calls("lxc-stop"))


def test_five_hundred_containers_are_asked_about_with_one_call(node: LxcNode) -> None:
    names = [f"c{number}" for number in range(500)]
    resources = [node.guest(name) for name in names[:1]]
    text = node.config("c0").read_text()
    for name in names[1:]:
        node.config(name).parent.mkdir()
        node.config(name).write_text(text)
        resources.append(node.resource(name))
    node.start(resources[0])
    node.cluster.clear_calls()
    reports = node.statuses(*resources)
    assert {name for name, report in reports.items() if report.status is Status.UP} == {"c0"}
    assert {report.status for report in reports.values()} == {Status.UP, Status.DOWN}
    assert node.commands() == ["lxc-ls"]


def test_one_that_is_not_defined_is_down_and_asked_for_by_itself(node: LxcNode) -> None:
    node.guest()
    report = node.status(node.resource("nosuch"))
    assert (report.status, text_of(report)) == (Status.DOWN, "not defined in LXC")
    assert node.commands() == ["lxc-ls", "lxc-info"]
    assert not node.stop(node.resource("nosuch"))
    with pytest.raises(ActionError, match="nosuch/config"):
        node.start(node.resource("nosuch"))


@pytest.mark.parametrize("kind", [FaultKind.GARBAGE, FaultKind.PARTIAL, FaultKind.CRASH, FaultKind.FAIL])
@pytest.mark.parametrize("name", ["c1", "nosuch"])
def test_answers_that_are_not_whole_are_undef(node: LxcNode, kind: FaultKind, name: str) -> None:
    node.guest()
    for tool in ("lxc-ls", "lxc-info"):
        node.cluster.set_fault(tool, kind, text="lxc: out of order\n" if kind is FaultKind.FAIL else "")
    resource = node.resource(name)
    assert node.status(resource).status is Status.UNDEF
    for action in (node.start, node.stop):
        with pytest.raises(ActionError):
            action(resource)
    assert not CHANGES & set(node.commands())


@pytest.mark.parametrize("kind", [FaultKind.GARBAGE, FaultKind.PARTIAL, FaultKind.CRASH, FaultKind.FAIL])
def test_a_list_that_is_not_whole_leads_to_each_by_itself(node: LxcNode, kind: FaultKind) -> None:
    resources = [node.guest(name) for name in ("c1", "c2", "c3")]
    node.start(resources[1])
    node.cluster.set_fault("lxc-ls", kind)
    found = {name: report.status for name, report in node.statuses(*resources).items()}
    assert found == {"c1": Status.DOWN, "c2": Status.UP, "c3": Status.DOWN}


def test_one_that_hangs_does_not_hide_the_others(node: LxcNode) -> None:
    resources = [node.guest(name) for name in ("c1", "c2", "stuck")]
    node.start(resources[1])
    node.cluster.set_fault("lxc-ls", FaultKind.HANG)
    node.cluster.set_fault("lxc-info", FaultKind.HANG, words=["stuck"])
    context = node.context(*resources, limit=8.0)
    found = {each.service: report.status for each, report in node.driver.status(resources, context)}
    assert found == {"c1": Status.DOWN, "c2": Status.UP, "stuck": Status.UNDEF}


def test_without_the_tools_it_is_undef(node: LxcNode) -> None:
    c1 = node.guest()
    for tool in ("lxc-ls", "lxc-info"):
        (Path(node.path) / tool).write_text("#!/nonexistent\n")
    assert node.status(c1).status is Status.UNDEF


def test_a_frozen_container_is_a_warning_and_is_killed(node: LxcNode) -> None:
    c1 = node.guest()
    node.start(c1)
    path = c1.text("lxcpath")
    node.context(c1).run("lxc-freeze", "-P", path, "-n", "c1")
    report = node.status(c1)
    assert (report.status, text_of(report)) == (Status.WARN, f"frozen: `lxc-unfreeze -P {path} -n c1`")
    assert node.stop(c1)
    assert ["-k" in call.arguments for call in node.cluster.calls("lxc-stop")] == [True]


def test_one_that_ignores_the_stop_is_killed(node: LxcNode) -> None:
    c1 = node.guest(stop_timeout=1.0)
    node.cluster.change_guest("c1", shutdown_time=None)
    node.start(c1)
    assert node.stop(c1)
    assert ["-k" in call.arguments for call in node.cluster.calls("lxc-stop")] == [False, True]


def test_a_dry_run_shows_what_a_run_then_does(node: LxcNode) -> None:
    c1 = node.guest()
    context = node.context(c1)
    context.recording = Recording()
    with pytest.raises(Undetermined):
        node.driver.start(c1, context)
    assert not CHANGES & set(node.commands())
    assert not (node.folder / "opensvc").exists()
    node.start(c1)
    (start,) = node.cluster.calls("lxc-start")
    assert [line.argv for line in context.recording.commands] == [("lxc-start", *start.arguments)]


def test_a_refused_start_says_why(node: LxcNode) -> None:
    c1 = node.guest()
    text = 'lxc-start: c1: ../src/lxc/conf.c: lxc_rootfs_init: 576 No such file or directory - Failed to open "/x"\n'
    node.cluster.set_fault("lxc-start", FaultKind.FAIL, text=text)
    with pytest.raises(CommandFailed, match='No such file or directory - Failed to open "/x"') as caught:
        node.start(c1)
    assert "c1.container0.lxc.log" in caught.value.hint


def test_a_start_that_is_ended_at_its_limit_is_kept_as_a_lost_change(node: LxcNode) -> None:
    c1 = node.guest(start_timeout=1.0)
    node.cluster.set_fault("lxc-start", FaultKind.HANG, after=True)
    context = node.context(c1)
    with pytest.raises(CommandTimeout):
        node.driver.start(c1, context)
    assert len(context.lost_changes) == 1


def test_commands_run_in_the_container(node: LxcNode) -> None:
    c1 = node.guest()
    context = node.context(c1)
    guest = context.on(node.driver.open_guest(c1, context))
    with pytest.raises(ActionError, match="cannot be entered") as caught:
        guest.query("pwd")
    assert caught.value.code == "guest_unreachable"
    node.start(c1)
    assert guest.query("sh", "-c", "echo said; echo complained >&2; exit 7", check=False).rc == 7
    result = guest.query("sh", "-c", "cat; echo complained >&2", input=b"given")
    assert (result.stdout, result.stderr) == ("given", "complained\n")
    with pytest.raises(CommandNotFound, match="nosuch"):
        guest.query("nosuch")


def test_the_way_into_the_guest_is_chosen(node: LxcNode) -> None:
    c1 = node.guest()
    by_ssh = evolve(c1, options={**c1.options, "access": "ssh"})
    context = node.context(c1)
    assert not node.driver.platform.is_reached_by_network(c1)
    assert node.driver.platform.is_reached_by_network(by_ssh)
    assert "Ssh" in type(node.driver.open_guest(by_ssh, context)).__name__


def test_autostart_is_switched_off_in_the_file_with_its_rights(node: LxcNode) -> None:
    c1 = node.guest(more="# mine\nlxc.start.auto = 1\n# the end\n")
    node.config().chmod(0o640)
    assert "autostart is on" in text_of(node.status(c1))
    context = node.context(c1)
    context.recording = Recording()
    node.driver.platform.forbid_autostart(c1, context)
    scratch = node.config().with_name(".config.opensvc")
    assert [line.argv for line in context.recording.commands] == [("mv", "-f", str(scratch), str(node.config()))]
    assert "lxc.start.auto = 1" in node.config().read_text()
    node.driver.platform.forbid_autostart(c1, node.context(c1))
    assert node.config().read_text().endswith("# mine\nlxc.start.auto = 0\n# the end\n")
    assert node.config().stat().st_mode & 0o777 == 0o640
    assert not scratch.exists()
    assert node.status(c1) == StatusReport(Status.DOWN)


def test_autostart_of_an_included_file_is_taken_back_in_the_containers_own(node: LxcNode, tmp_path: Path) -> None:
    shared = tmp_path / "shared.conf"
    shared.write_text("lxc.start.auto = 1\n")
    c1 = node.guest(more=f"lxc.start.auto = 0\nlxc.include = {shared}\n")
    node.driver.platform.forbid_autostart(c1, node.context(c1))
    assert node.config().read_text().endswith(f"lxc.include = {shared}\nlxc.start.auto = 0\n")
    assert shared.read_text() == "lxc.start.auto = 1\n"


def test_autostart_that_cannot_be_switched_off_says_what_to_do(node: LxcNode) -> None:
    c1 = node.guest(more="lxc.start.auto = 1\n")
    node.config().with_name(".config.opensvc").mkdir()
    with pytest.raises(ActionError, match="cannot be changed") as caught:
        node.driver.platform.forbid_autostart(c1, node.context(c1))
    assert "lxc.start.auto = 0" in caught.value.hint


def test_facts_and_files(node: LxcNode, tmp_path: Path) -> None:
    included = tmp_path / "more.conf"
    included.write_text("lxc.cgroup2.cpuset.cpus = 0-1\n")
    more = f"lxc.cgroup2.memory.max = 256M\nlxc.include = {included}\nlxc.mount.entry = /dev/vg/data srv ext4 rw 0 0\n"
    c1, nosuch = node.guest(more=more), node.resource("nosuch")
    context = node.context(c1)
    items = {item.name: item.value for item in node.driver.inventory([c1, nosuch], context)}
    assert items == {"vcpus": 2, "memory": 256 << 20, "disks": node.driver.list_devices(c1, context)}
    assert list(node.driver.list_files(c1, context)) == [node.config(), included]
    assert list(node.driver.list_files(nosuch, context)) == []
    assert [device.path for device in node.driver.list_devices(c1, context)] == ["/dev/vg/data"]
    with pytest.raises(ActionError, match="cannot tell the disks"):
        node.driver.list_devices(nosuch, context)


@pytest.mark.parametrize("name", ["../c1", ".", "a/b"])
def test_a_name_that_is_a_path_is_never_acted_upon(node: LxcNode, name: str) -> None:
    node.guest()
    resource = node.resource("svc", name=name)
    assert node.status(resource).status is Status.UNDEF
    for action in (node.start, node.stop):
        with pytest.raises(ActionError):
            action(resource)
    assert not CHANGES & set(node.commands())


def test_a_container_can_tell_that_it_boots_on_a_disaster_recovery_node(node: LxcNode, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    guest = node.guest()
    text = [line for line in node.config().read_text().splitlines() if "lxc.rootfs" not in line]
    node.config().write_text("\n".join([*text, f"lxc.rootfs.path = dir:{root}", ""]))

    def start(nodes: tuple[str, ...], drpnodes: tuple[str, ...]) -> None:
        context = node.context(guest)
        service = evolve(context.services["c1"], nodes=nodes, drpnodes=drpnodes)
        node.driver.start(guest, evolve(context, services={"c1": service}))
        node.stop(guest)

    start(("node0",), ("node1",))
    assert (root / ".drp_flag").is_file()
    start(("node1",), ("node9",))
    assert not (root / ".drp_flag").exists()
    (root / ".drp_flag").symlink_to(tmp_path / "elsewhere")
    start(("node0",), ("node1",))
    assert not (tmp_path / "elsewhere").exists()
