"""Real LVM without device-mapper: groups on loop devices, its configuration in a folder of the test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import define, evolve

from opensvc_core.api import ActionError, CommandError
from opensvc_core.host.local import LocalHost
from opensvc_lvm.groups import VolumeGroup
from opensvc_lvm.protection.arrangement import ORIGINAL, Arrangement, arrange
from opensvc_lvm.protection.check import NodeCheck, Services
from opensvc_lvm.protection.commands import Commands
from opensvc_lvm.protection.conf import Wanted
from opensvc_lvm.protection.findings import Verdict
from opensvc_lvm.protection.initramfs import Initramfs
from tests.opensvc_lvm.kernel_tree import KernelTree, lvm_uuid

BASE = """\
devices {{
    scan = [ "{folder}" ]
    dir = "{folder}"
    obtain_device_list_from_udev = 0
    external_device_info_source = "none"
    use_devicesfile = 0
    filter = [ {allowed}, "r|.*|" ]
    global_filter = [ {allowed}, "r|.*|" ]
}}
global {{ use_lvmpolld = 0 use_lvmlockd = 0 locking_dir = "{folder}/lock" }}
activation {{ udev_sync = 0 udev_rules = 0 }}
backup {{ backup = 0 archive = 0 }}
"""


@define
class Machine:
    """A node that lives on the group `rootvg`, as its made-up kernel says, and sees the group `data`.

    Attributes:
        folder: of everything.
        tree: its kernel.
        services: its services.
    """

    folder: Path
    tree: KernelTree
    services: Services

    @property
    def conf(self) -> Path:
        """LVM's configuration folder."""
        return self.folder / "lvm"

    @property
    def commands(self) -> Commands:
        """LVM's commands on it."""
        return Commands(LocalHost("n1"), self.conf)

    @property
    def check(self) -> NodeCheck:
        """What is looked at."""
        initramfs = Initramfs(self.commands, "0.0", self.folder / "boot")
        return NodeCheck(self.commands, Wanted("n1", os.uname().nodename), self.services, initramfs, self.tree.kernel)

    def arrange(self, local: tuple[str, ...] = (), shared: tuple[str, ...] = ()) -> Arrangement:
        """What it lacks."""
        return arrange(self.check, local=frozenset(local), shared=frozenset(shared), with_initramfs=False)

    def set_up(self, **options: tuple[str, ...]) -> list[str]:
        """Set it up; what it told."""
        told: list[str] = []
        self.arrange(**options).make(lambda: "", told.append)
        return told

    def verdicts(self, *codes: str) -> dict[str, set[Verdict]]:
        """Verdicts by code."""
        found: dict[str, set[Verdict]] = {}
        for finding in self.check.findings():
            if finding.code in codes:
                found.setdefault(finding.code, set()).add(finding.verdict)
        return found

    def group(self, name: str) -> VolumeGroup:
        """One of its groups."""
        (group,) = (each for each in self.commands.groups() if each.name == name)
        return group

    def files(self) -> dict[str, str]:
        """Texts of its configuration."""
        return {path.name: path.read_text() for path in sorted(self.conf.iterdir())}


PROTECTED = {"host_tags": {Verdict.OK}, "volume_list": {Verdict.OK}, "root_group": {Verdict.OK}}


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """The node, unprotected: nothing tagged, no volume_list. Its disks are loop devices that no other LVM looks at."""
    conf = tmp_path / "lvm"
    conf.mkdir()
    devices = []
    try:
        for name in ("root", "data"):
            with (tmp_path / name).open("wb") as file:
                file.truncate(16 << 20)
            made = subprocess.run(["losetup", "-f", "--show", file.name], capture_output=True, text=True, check=True)
            devices.append(made.stdout.strip())
        allowed = ", ".join(f'"a|^{device}$|"' for device in devices)
        (conf / "lvm.conf").write_text(
            BASE.format(folder="/dev", allowed=allowed).replace("/dev/lock", f"{tmp_path}/lock")
        )
        node = Machine(tmp_path, KernelTree(tmp_path / "kernel"), Services({"data": "erp"}))
        for name, device in zip(("rootvg", "data"), devices, strict=True):
            done = node.commands.run("vgcreate", "-y", name, device, changes=True)
            assert done.rc == 0, done.stderr
        node.tree.add("254:0", uuid=lvm_uuid(node.group("rootvg").uuid))
        node.tree.add("254:1", uuid=lvm_uuid(node.group("data").uuid))
        node.tree.mount(root="254:0", srv_erp="254:1")
        yield node
    finally:
        for device in devices:
            subprocess.run(["losetup", "-d", device], check=True)


def test_an_unprotected_node_is_told_what_it_lacks(machine: Machine) -> None:
    bad = {Verdict.BAD}
    assert machine.verdicts(*PROTECTED) == {"host_tags": bad, "volume_list": bad, "root_group": bad}


def test_setting_up_once_is_enough_and_keeps_the_old_file(machine: Machine) -> None:
    before = machine.files()
    plan = "".join(machine.arrange().describe())
    assert machine.files() == before, "describing changes nothing"
    assert plan.startswith("vgchange --addtag local rootvg\n--- /dev/null\n")
    assert '+\tvolume_list = [ "@local", "@n1" ]\n' in plan
    told = machine.set_up()
    assert [line.split()[0] for line in told] == ["tagged", "wrote", "wrote"]
    assert machine.verdicts(*PROTECTED) == PROTECTED
    assert machine.group("rootvg").tags == {"local"}
    assert machine.group("data").tags == frozenset()
    assert machine.files()[f"lvm.conf{ORIGINAL}"] == before["lvm.conf"]
    assert machine.arrange().is_empty
    assert machine.set_up() == []


def test_what_an_initramfs_knows_lets_the_root_group_in_and_no_other(machine: Machine) -> None:
    """There the system has no name yet: the file of the node's tag is not read."""
    machine.set_up()
    (machine.conf / "lvm_n1.conf").unlink()
    assert machine.commands.volume_list() == ("@local",)


def test_the_list_of_the_first_cookbook_gets_what_it_lacks(machine: Machine) -> None:
    """It named the node only: the root group would not have come up."""
    (machine.conf / "lvm_n1.conf").write_text('activation { volume_list = ["@n1"] }\n')
    with (machine.conf / "lvm.conf").open("a") as file:
        file.write("tags { hosttags = 1\n n1 {}\n local {} }\n")
    machine.set_up()
    assert machine.verdicts(*PROTECTED) == PROTECTED
    assert machine.files()["lvm_n1.conf"] == 'activation { volume_list = [ "@n1", "@local" ] }\n'


@pytest.mark.parametrize("setting", ['activation { volume_list = [ "data" ] }\n', 'activation/volume_list = "data"\n'])
def test_a_list_that_names_a_group_of_a_service_is_no_protection(machine: Machine, setting: str) -> None:
    machine.set_up()
    with (machine.conf / "lvm.conf").open("a") as file:
        file.write(setting)
    assert Verdict.BAD in machine.verdicts("volume_list")["volume_list"]


def test_a_group_of_a_service_that_is_tagged_local_is_told(machine: Machine) -> None:
    machine.commands.add_tag("data", "local")
    assert machine.verdicts("service_group") == {"service_group": {Verdict.BAD}}


def test_a_root_that_cannot_be_found_forbids_everything(machine: Machine) -> None:
    machine.tree.mount(root="0:33")
    before = machine.files()
    with pytest.raises(ActionError, match="cannot find out which device / lies on"):
        machine.set_up()
    assert (machine.files(), machine.group("rootvg").tags) == (before, frozenset())


def test_a_group_in_use_that_nobody_claims_must_be_decided(machine: Machine) -> None:
    machine.services = Services({})
    assert machine.verdicts("other_group") == {"other_group": {Verdict.BAD}}
    with pytest.raises(ActionError, match="neither tagged local nor a service's: data \\(/srv/erp\\)"):
        machine.arrange()
    assert [group.name for group in machine.arrange(local=("data",)).tagged] == ["rootvg", "data"]
    assert [group.name for group in machine.arrange(shared=("data",)).tagged] == ["rootvg"]


@pytest.mark.parametrize(
    ("services", "options", "code"),
    [
        (Services({"data": "erp"}, ("crm",)), {}, "services_unread"),
        (Services({"rootvg": "erp"}), {}, "root_group_shared"),
        (Services({"data": "erp"}), {"shared": ("rootvg",)}, "root_group_shared"),
        (Services({"data": "erp"}), {"local": ("data",)}, "service_group_local"),
        (Services({"data": "erp"}), {"local": ("nosuch",)}, "not_visible"),
    ],
)
def test_what_nobody_can_mean_is_refused(
    machine: Machine, services: Services, options: dict[str, tuple[str, ...]], code: str
) -> None:
    machine.services = services
    with pytest.raises(ActionError) as caught:
        machine.arrange(**options)
    assert caught.value.code == code
    assert machine.group("rootvg").tags == frozenset()


def test_a_configuration_that_lvm_cannot_read_is_not_touched(machine: Machine) -> None:
    good = machine.files()["lvm.conf"]
    (machine.conf / "lvm.conf").write_text(f"{good}activation {{ volume_list = [\n")
    with pytest.raises(CommandError, match="Failed to load config file"):
        machine.arrange()
    assert machine.verdicts("host_tags", "volume_list", "root_group") == {
        code: {Verdict.UNKNOWN} for code in ("host_tags", "volume_list", "root_group")
    }
    (machine.conf / "lvm.conf").write_text(good)


def test_a_change_that_lvm_would_not_read_as_meant_is_not_made(machine: Machine) -> None:
    """An entry that a later file joins to the list does not hurt; a text that swallows ours would."""
    with (machine.conf / "lvm.conf").open("a") as file:
        file.write('local { text = "\n')
    before = machine.files()
    with pytest.raises((ActionError, CommandError)):
        machine.set_up()
    assert machine.files() == before
    (machine.conf / "lvm.conf").write_text(before["lvm.conf"].removesuffix('local { text = "\n'))


def test_files_are_put_back_when_the_result_is_not_what_was_tried(machine: Machine) -> None:
    arrangement = machine.arrange()
    before = machine.files()
    broken = tuple(evolve(change, after="garbage {{{\n") for change in arrangement.files)
    told: list[str] = []
    with pytest.raises(ActionError, match="could not read the new configuration"):
        evolve(arrangement, files=broken).make(lambda: "", told.append)
    after = machine.files()
    assert {name: text for name, text in after.items() if not name.endswith(ORIGINAL)} == before
    assert sum(line.startswith("put ") for line in told) == 2
    assert machine.arrange().files == arrangement.files


def test_the_command_says_what_is_missing_by_its_exit_status(machine: Machine) -> None:
    words = [sys.executable, "-m", "opensvc_core", "node", "lvm", "check", "--format", "json"]
    env = {**os.environ, "LVM_SYSTEM_DIR": str(machine.conf), "OSVC_ROOT": str(machine.folder), "OSVC_NODE": "n1"}
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    verdicts = {found["code"]: found["verdict"] for found in json.loads(done.stdout)["findings"]}
    assert (verdicts["host_tags"], verdicts["volume_list"]) == ("bad", "bad")
