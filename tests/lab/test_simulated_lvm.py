"""The simulated LVM against the real one on loop devices: every step of a scenario has the same answer and effect."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from attrs import define

from opensvc_testkit.simulated import SimulatedCluster
from tests.opensvc_testkit.lvm_stage import NODES, SIZE, lvm_stage, simulated_stage
from tests.opensvc_testkit.several_nodes import differences, read_steps

CONF = """\
devices {{
    scan = [ "/dev" ]
    dir = "/dev"
    obtain_device_list_from_udev = 0
    external_device_info_source = "none"
    use_devicesfile = 0
    filter = [ {allowed}, "r|.*|" ]
    global_filter = [ {allowed}, "r|.*|" ]
}}
global {{ use_lvmpolld = 0 use_lvmlockd = 0 locking_dir = "{folder}/lock" {system} }}
local {{ {local} }}
activation {{ udev_sync = 0 udev_rules = 0 {activation} }}
backup {{ backup = 0 archive = 0 backup_dir = "{folder}/backup" archive_dir = "{folder}/archive" }}
"""
VOLUME = """
        {name} {{
            id = "{uuid}"
            status = ["READ", "WRITE", "VISIBLE"]
            flags = []
            segment_count = 1
            segment1 {{
                start_extent = 0
                extent_count = {extents}
                type = "striped"
                stripe_count = 1
                stripes = [ "{disk}", 0 ]
            }}
        }}
"""


@define
class RealLvm:
    """The real LVM, as four nodes see it that differ in their configuration.

    Attributes:
        folder: with a configuration for each.
        disks: special files of the disks.
    """

    folder: Path
    disks: list[str]

    def run(self, on: str, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a command on a node."""
        env = {**os.environ, "LC_ALL": "C", "LVM_SUPPRESS_FD_WARNINGS": "1", "LVM_SYSTEM_DIR": str(self.folder / on)}
        return subprocess.run(
            list(words), env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
        )

    def add_volumes(self, group: str) -> None:
        """Write volumes into the metadata: without device-mapper `lvcreate` refuses to make any."""
        file = self.folder / "metadata"
        self._checked("vgcfgbackup", "-f", str(file), group)
        volumes = [("lv1", 2, "pv0"), ("lv2", 3, "pv1")]
        texts = [
            VOLUME.format(name=name, uuid=f"{name}aaa-aaaa-aaaa-aaaa-aaaa-aaaa-aaaaaa", extents=extents, disk=disk)
            for name, extents, disk in volumes
        ]
        text = file.read_text()
        assert "logical_volumes" not in text
        head, end, rest = text.rpartition("\n}\n")
        assert end, text
        head = f"{head}\n    logical_volumes {{{''.join(texts)}    }}\n"
        # The name and the date of who wrote it stand after the group, or before it.
        file.write_text(re.sub(r"\n{3,}", "\n\n", f"{head}}}\n{rest}"))
        self._checked("vgcfgrestore", "-f", str(file), group)

    def _checked(self, *words: str) -> None:
        done = self.run("n1", words)
        assert done.returncode == 0, (words, done)


@pytest.fixture
def real(lab_requirements: None, tmp_path: Path) -> Iterator[RealLvm]:
    """Three loop devices that no other LVM looks at."""
    folder = tmp_path / "real"
    folder.mkdir()
    disks: list[str] = []
    try:
        for letter in "ABC":
            with (folder / letter).open("wb") as file:
                file.truncate(SIZE)
            made = subprocess.run(["losetup", "-f", "--show", file.name], capture_output=True, text=True, check=True)
            disks.append(made.stdout.strip())
        for node, letters in NODES.items():
            seen = [disk for letter, disk in zip("ABC", disks, strict=True) if letter in letters]
            allowed = ", ".join(f'"a|^{disk}$|"' for disk in seen)
            (folder / node).mkdir()
            (folder / node / "lvm.conf").write_text(
                CONF.format(
                    folder=folder,
                    allowed=allowed,
                    system='system_id_source = "lvmlocal"' if node == "n3" else "",
                    local='system_id = "n3"' if node == "n3" else "",
                    activation='volume_list = [ "@n4" ]' if node == "n4" else "",
                )
            )
        yield RealLvm(folder, disks)
    finally:
        for disk in disks:
            subprocess.run(["losetup", "-d", disk], check=True)


def test_the_simulated_lvm_answers_as_the_real_one(
    real: RealLvm, simulated_cluster: SimulatedCluster, tmp_path: Path
) -> None:
    steps = read_steps("lvm_scenario.toml")
    wanted = lvm_stage(real.run, real.add_volumes, real.disks).play(steps)
    assert simulated_cluster.calls() == (), "the real one was asked"
    (tmp_path / "simulated-nodes").mkdir()
    got = simulated_stage(simulated_cluster, tmp_path / "simulated-nodes", real.disks).play(steps)
    assert differences(got, wanted) == ""
    assert [each.status for each in wanted] == [each.status for each in steps]
