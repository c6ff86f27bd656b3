"""The simulated ``xl`` and ``xm``, held to the vendor notes: formats, exit statuses, state machine, faults."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from opensvc_testkit.executables import reservations
from opensvc_testkit.executables.xl_config import BadConfigError, Reader, read_disk
from opensvc_testkit.platforms.disks import SimulatedDisks
from opensvc_testkit.platforms.xen import DISK_FULL, PLATFORMS, SimulatedXen, config_text
from opensvc_testkit.simulated import FaultKind, SimulatedCluster
from opensvc_testkit.simulated_node import SimulatedNode

HEADER = "Name                                        ID   Mem VCPUs\tState\tTime(s)\n"
UNKNOWN = "nosuch is an invalid domain identifier (rc=-6)\n"

simulated = pytest.mark.simulated


@pytest.fixture
def node(simulated_cluster: SimulatedCluster, tmp_path: Path) -> SimulatedNode:
    return SimulatedNode.make(simulated_cluster, "node1", tmp_path / "root", tmp_path / "bin", platforms=PLATFORMS)


@pytest.fixture
def xen(node: SimulatedNode) -> SimulatedXen:
    xen = SimulatedXen(node.cluster)
    xen.define_guest("vm1", nodes=["node1"], disks=["/dev/vg1/data"], address="192.0.2.9")
    return xen


def ask(node: SimulatedNode, *words: str) -> tuple[int, str, str]:
    done = node.run(*words)
    return done.returncode, done.stdout, done.stderr


CREATE = ("xl", "create", "/etc/xen/vm1.cfg")


@simulated
def test_a_guest_lives_from_create_to_shutdown(node: SimulatedNode, xen: SimulatedXen) -> None:
    assert ask(node, "xl", "list", "vm1") == (1, "", UNKNOWN.replace("nosuch", "vm1"))
    assert ask(node, *CREATE) == (0, "", "Parsing config from /etc/xen/vm1.cfg\n")
    status, listed, errors = ask(node, "xl", "list", "vm1")
    assert (status, errors) == (0, "")
    row = "vm1" + " " * 37 + "     1   512     1     -b----       0.0\n"
    assert listed == HEADER + row
    assert ask(node, "xl", "domid", "vm1") == (0, "1\n", "")
    assert ask(node, "xl", "domname", "1") == (0, "vm1\n", "")
    assert ask(node, "ping", "-c", "1", "vm1")[0] == 0
    assert ask(node, "xl", "shutdown", "vm1") == (0, "", "Shutting down domain 1\n")
    assert ask(node, "xl", "list", "1") == (1, "", "Error: Domain '1' does not exist.\n")
    assert ask(node, "xl", "list")[1].splitlines()[1].startswith("Domain-0 ")
    assert xen.state_of("node1", "vm1") == ""


@simulated
@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("list", "nosuch"), (1, "", UNKNOWN)),
        (("shutdown", "nosuch"), (1, "", UNKNOWN)),
        (("destroy", "nosuch"), (1, "", UNKNOWN)),
        (("pause", "nosuch"), (1, "", UNKNOWN)),
        (("domid", "nosuch"), (1, "", "Can't get domid of domain name 'nosuch', maybe this domain does not exist.\n")),
        (("shutdown",), (1, "", "You must specify -a or a domain id.\n\n")),
        (("list", "a", "b"), (1, "", "Usage: xl [-vfNtT] list [options] [Domain]\n")),
        (("list", "-x"), (2, "", "option `x' not supported.\n")),
        (("domid",), (2, "", "'xl domid' requires at least 1 argument.\n\nUsage: xl [-vfNtT] domid [options]\n")),
        (("nonsense",), (1, "", "command not implemented\n")),
        (("create", "/nosuch.cfg"), (1, "", "Failed to read config file: /nosuch.cfg: No such file or directory\n")),
        (("create",), (1, "", "Config file not specified and none in save file\n")),
        (
            ("destroy", "0"),
            (1, "", "Cannot destroy privileged domain 0.\n\nNot destroying domain 0; use -f to force.\n"),
        ),
    ],
)
def test_it_refuses_as_the_real_one(
    node: SimulatedNode, xen: SimulatedXen, words: tuple[str, ...], answer: tuple[int, str, str]
) -> None:
    assert ask(node, "xl", *words) == answer


@simulated
def test_a_name_starts_once_on_a_node_and_again_on_another(node: SimulatedNode, xen: SimulatedXen) -> None:
    assert ask(node, *CREATE)[0] == 0
    status, _, errors = ask(node, *CREATE)
    assert status == 1
    assert 'Domain with name "vm1" already exists.' in errors
    xen.define_guest("vm1", nodes=["node2"])
    assert node.run(*CREATE, env={"OSVC_NODE": "node2"}).returncode == 0
    assert node.cluster.running_on("vm1") == ("node1", "node2")


@simulated
def test_a_guest_does_not_start_on_a_disk_that_another_node_has_reserved(
    node: SimulatedNode, xen: SimulatedXen
) -> None:
    disks = SimulatedDisks(node.cluster)
    identity = "naa.600000000000000000000000000000aa"
    disks.add(identity, {"node1": ["/dev/vg1/data"], "node2": ["/dev/vg1/data"]})
    with node.cluster.opened() as world:
        disk = world["disks"][identity]
        reservations.register(disk, ("node2", "/dev/vg1/data"), 0, 2, ignore=True)
        reservations.reserve(disk, ("node2", "/dev/vg1/data"), 2, 5)
    status, _, errors = ask(node, *CREATE)
    assert status == 1
    assert "/dev/vg1/data cannot be opened" in errors
    assert node.cluster.running_on("vm1") == ()
    xen.define_guest("vm1", nodes=["node2"], disks=["/dev/vg1/data"])
    assert node.run(*CREATE, env={"OSVC_NODE": "node2"}).returncode == 0


@simulated
def test_a_guest_takes_time_to_boot_and_to_stop(node: SimulatedNode, xen: SimulatedXen) -> None:
    cluster = node.cluster
    cluster.change_guest("vm1", boot_time=60.0, shutdown_time=30.0)
    ask(node, *CREATE)
    assert ask(node, "ping", "-c", "1", "vm1")[0] == 1
    cluster.advance(61)
    assert ask(node, "ping", "-c", "1", "vm1")[0] == 0
    waiting = node.popen("xl", "shutdown", "-w", "vm1")
    cluster.wait_for_call("xl", "shutdown")
    assert xen.state_of("node1", "vm1") == "-b----"
    while waiting.poll() is None:
        cluster.advance(10)
    assert waiting.returncode == 0
    assert xen.state_of("node1", "vm1") == ""
    waiting.communicate()


@simulated
def test_a_guest_that_ignores_its_shutdown_is_destroyed(node: SimulatedNode, xen: SimulatedXen) -> None:
    node.cluster.change_guest("vm1", shutdown_time=None)
    ask(node, *CREATE)
    assert ask(node, "xl", "shutdown", "vm1")[0] == 0
    node.cluster.advance(3600)
    assert xen.state_of("node1", "vm1") == "-b----"
    assert ask(node, "xl", "destroy", "vm1") == (0, "", "")
    assert xen.state_of("node1", "vm1") == ""


@simulated
def test_a_guest_without_pv_drivers_needs_the_power_button(node: SimulatedNode, xen: SimulatedXen) -> None:
    xen.define_guest("vm1", nodes=["node1"], text=config_text("vm1", more='type = "hvm"\n'))
    ask(node, *CREATE)
    status, _, errors = ask(node, "xl", "shutdown", "vm1")
    assert status == 1
    assert 'Use "-F" to fallback to ACPI power event.' in errors
    assert "(rc=-10)" in errors
    assert ask(node, "xl", "shutdown", "-F", "vm1")[0] == 0
    assert xen.state_of("node1", "vm1") == ""


@simulated
def test_the_configuration_says_what_comes_after_a_crash_or_a_reboot(node: SimulatedNode, xen: SimulatedXen) -> None:
    xen.define_guest("vm1", nodes=["node1"], text=config_text("vm1", more='on_crash = "preserve"\n'))
    ask(node, *CREATE)
    assert ask(node, "xl", "reboot", "vm1")[:1] == (0,)
    assert ask(node, "xl", "domid", "vm1")[1] == "2\n", "a reboot is another domain"
    node.cluster.crash_guest("node1", "vm1")
    assert xen.state_of("node1", "vm1") == "---sc-"
    assert node.cluster.running_on("vm1") == ()
    assert ask(node, "xl", "destroy", "vm1")[0] == 0


@simulated
def test_a_paused_guest_is_listed_so_and_hears_nothing(node: SimulatedNode, xen: SimulatedXen) -> None:
    ask(node, "xl", "create", "-p", "/etc/xen/vm1.cfg")
    assert xen.state_of("node1", "vm1") == "--p---"
    ask(node, "xl", "shutdown", "vm1")
    assert xen.state_of("node1", "vm1") == "--p---"
    assert ask(node, "xl", "unpause", "vm1") == (0, "", "")
    assert xen.state_of("node1", "vm1") == "-b----"


@simulated
def test_live_migration_takes_the_applications_along(node: SimulatedNode, xen: SimulatedXen) -> None:
    cluster = node.cluster
    cluster.set_launcher("vm1", "S10db")
    cluster.define_node("node2")
    ask(node, *CREATE)
    ask(node, "ssh", "vm1", "/svc/etc/init.d/S10db start")
    status, _, errors = ask(node, "xl", "migrate", "vm1", "node2")
    assert status == 0
    assert errors.endswith("Migration successful.\n")
    assert cluster.running_on("vm1") == ("node2",)
    assert cluster.is_application_up("vm1", "db")
    assert (xen.state_of("node1", "vm1"), xen.state_of("node2", "vm1")) == ("", "-b----")


@simulated
def test_a_migration_that_fails_leaves_the_guest_where_it_is(node: SimulatedNode, xen: SimulatedXen) -> None:
    node.cluster.define_node("node2")
    xen.set_memory("node2", 2100)
    ask(node, *CREATE)
    assert ask(node, "xl", "migrate", "vm1", "node2")[2].endswith("Migration failed due to problems at target.\n")
    assert ask(node, "xl", "migrate", "vm1", "nosuch")[0] == 1
    assert node.cluster.running_on("vm1") == ("node1",)


@simulated
def test_long_lists_are_json_with_disks(node: SimulatedNode, xen: SimulatedXen) -> None:
    ask(node, *CREATE)
    listed = json.loads(ask(node, "xl", "list", "-l")[1])
    assert [each["domid"] for each in listed] == [0, 1]
    config = listed[1]["config"]
    assert config["c_info"]["name"] == "vm1"
    assert config["b_info"]["max_memkb"] == 512 * 1024
    assert [(disk["pdev_path"], disk["vdev"]) for disk in config["disks"]] == [
        ("/var/lib/xen/images/vm1.img", "xvda"),
        ("/dev/vg1/data", "xvdb"),
    ]


@simulated
def test_without_hypervisor_or_memory_nothing_starts(node: SimulatedNode, xen: SimulatedXen) -> None:
    xen.set_memory("node1", 2100)
    assert ask(node, *CREATE)[2].endswith("failed to free memory for the domain\n")
    xen.set_hypervisor("node1", is_there=False)
    assert ask(node, "xl", "list")[0] == 1
    assert "cannot init xl context" in ask(node, "xl", "list")[2]
    assert ask(node, "xm", "list")[:2] == (1, "")


@simulated
def test_faults_strike(node: SimulatedNode, xen: SimulatedXen) -> None:
    cluster = node.cluster
    cluster.set_fault("xl", FaultKind.FAIL, words=["create"], text=DISK_FULL, times=1)
    assert ask(node, *CREATE) == (1, "", DISK_FULL)
    cluster.set_fault("xl", FaultKind.CRASH, words=["create"], times=1)
    assert node.run(*CREATE).returncode == -9
    assert xen.state_of("node1", "vm1") == "-b----", "a crash in the middle has done its work"
    cluster.set_fault("xl", FaultKind.PARTIAL, words=["list"], times=1)
    listed = ask(node, "xl", "list")[1]
    assert listed.startswith("Name")
    assert not listed.endswith("\n")
    cluster.set_fault("xl", FaultKind.GARBAGE, words=["list"], times=1)
    assert "Name  " not in ask(node, "xl", "list")[1]
    cluster.set_fault("xl", FaultKind.HANG, words=["list"])
    hanging = node.popen("xl", "list")
    cluster.wait_for_call("xl", "list")
    assert hanging.poll() is None
    cluster.clear_faults()
    assert hanging.communicate(timeout=30)[0].startswith("Name")
    cluster.remove_command(node.executables, "xl")
    with pytest.raises(FileNotFoundError):
        node.run("xl", "list")


@simulated
def test_xm_lists_what_xend_keeps_without_power(node: SimulatedNode, xen: SimulatedXen) -> None:
    assert ask(node, "xm", "list", "vm1")[2].startswith("Error: Domain 'vm1' does not exist.\n")
    assert ask(node, "xm", "new", "/etc/xen/vm1.cfg")[0] == 0
    row = ask(node, "xm", "list")[1].splitlines()[-1]
    assert re.fullmatch(r"vm1 +128 +1 +0\.0", row)
    assert ask(node, "xm", "start", "vm1")[0] == 0
    row = ask(node, "xm", "list", "vm1")[1].splitlines()[-1]
    assert re.fullmatch(r"vm1 +1 +512 +1 +-b---- +0\.0", row)
    assert "(uname phy:/dev/vg1/data) (dev xvdb:disk) (mode w)" in ask(node, "xm", "list", "-l", "vm1")[1]
    assert ask(node, "xm", "create", "/etc/xen/vm1.cfg")[2] == "Error: VM name 'vm1' already in use by domain 1\n"
    node.cluster.define_node("node2")
    assert ask(node, "xm", "migrate", "--live", "vm1", "node2")[0] == 0
    assert node.cluster.running_on("vm1") == ("node2",)
    assert ask(node, "xm", "shutdown", "vm1")[0] == 1


@simulated
def test_five_hundred_guests_are_one_call(node: SimulatedNode, xen: SimulatedXen) -> None:
    with node.cluster.opened() as world:
        from opensvc_testkit.executables import xl_state

        for number in range(500):
            settings = {"name": f"g{number}", "uuid": "", "disks": [], "memory": 16}
            xl_state.start(str(node.cluster.root), world, world["nodes"]["node1"], settings, 0.0)
    assert len(ask(node, "xl", "list")[1].splitlines()) == 502


@pytest.mark.parametrize(
    ("text", "disk"),
    [
        ("phy:/dev/vg/lv,xvda,w", ("/dev/vg/lv", "phy", "xvda", "w")),
        ("/root/image.iso,,hdc,cdrom", ("/root/image.iso", "raw", "hdc", "ro")),
        ("/dev/vg/lv,raw,xvda,rw", ("/dev/vg/lv", "raw", "xvda", "rw")),
        ("format=qcow2, vdev=xvda, access=ro, target=/i.qcow2", ("/i.qcow2", "qcow2", "xvda", "ro")),
        ("file:/i.img,xvda,w", ("/i.img", "raw", "xvda", "w")),
        ("tap:aio:/i.img,xvda,w", ("/i.img", "raw", "xvda", "w")),
    ],
)
def test_disks_are_read_in_all_spellings(text: str, disk: tuple[str, ...]) -> None:
    read = read_disk(text)
    assert (read["pdev_path"], read["format"], read["vdev"], read["access"]) == disk


def test_a_configuration_is_read() -> None:
    text = "# head\nname = 'vm-1'; memory=0x200\ndisk = [ 'a,b' ,\n \"c\" ] # tail\nvif=[]\n"
    assert Reader(text).settings() == {"name": "vm-1", "memory": 512, "disk": ["a,b", "c"], "vif": []}


@pytest.mark.parametrize("text", ["name = vm-1\n", "name\n", "name = 'a\n", "disk = [ 'a'\n", "= 3", "x = [ 'a' 'b' ]"])
def test_a_wrong_configuration_is_refused(text: str) -> None:
    with pytest.raises(BadConfigError, match="config parsing error"):
        Reader(text).settings()
