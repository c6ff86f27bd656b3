"""Configurations of containers: both sets of words, includes, disks, facts, and switching the autostart off."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.api import Device
from opensvc_drivers_lxc.autostart import without_autostart
from opensvc_drivers_lxc.config import (
    Configuration,
    ConfigurationError,
    count_processors,
    parse_lines,
    read_configuration,
)
from opensvc_drivers_lxc.disks import list_disks


def configuration(tmp_path: Path, text: str) -> Configuration:
    path = tmp_path / "config"
    path.write_text(text)
    found = read_configuration(path)
    assert found is not None
    return found


def no_block(path: Path) -> bool:
    """No path is a block device here."""
    del path
    return False


def test_the_words_of_1_x_mean_the_same(tmp_path: Path) -> None:
    old = configuration(tmp_path, "lxc.utsname = c1\nlxc.rootfs = /dev/vg/c1\nlxc.cgroup.cpuset.cpus = 0-1,3\n")
    assert (old.last("lxc.uts.name"), old.last("lxc.rootfs.path"), old.vcpus) == ("c1", "/dev/vg/c1", 3)
    new = configuration(tmp_path, "lxc.uts.name=c1\nlxc.rootfs.path = lvm:/dev/vg/c1\nlxc.cgroup2.cpuset.cpus = 0-2\n")
    assert (new.last("lxc.uts.name"), new.vcpus) == ("c1", 3)
    assert list_disks(old, no_block) == list_disks(new, no_block)


@pytest.mark.parametrize(
    ("line", "memory"),
    [
        ("lxc.cgroup.memory.limit_in_bytes = 512M", 512 << 20),
        ("lxc.cgroup2.memory.max = 1g", 1 << 30),
        ("lxc.cgroup2.memory.max = 4096", 4096),
        ("lxc.cgroup2.memory.max = max", None),
        ("lxc.cgroup.memory.limit_in_bytes = -1", None),
        ("", None),
    ],
)
def test_the_limit_of_memory(tmp_path: Path, line: str, memory: int | None) -> None:
    assert configuration(tmp_path, line).memory == memory


@pytest.mark.parametrize(
    ("text", "count"), [("0", 1), ("0-3,8", 5), ("0,0-1", 2), ("", None), ("a", None), ("3-1", None)]
)
def test_processors(text: str, count: int | None) -> None:
    assert count_processors(text) == count


@given(st.text(max_size=30))
def test_any_list_of_processors(text: str) -> None:
    count = count_processors(text)
    assert count is None or count > 0


def test_includes_are_read_where_they_stand(tmp_path: Path) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "10-first.conf").write_text("lxc.start.auto = 1\n")
    (folder / "20-second.conf").write_text(f"lxc.group = web\nlxc.include = {tmp_path / 'config'}\n")
    (folder / "notes.txt").write_text("lxc.start.auto = 0\n")
    text = f"lxc.include = {folder}\nlxc.include = /nowhere\n"
    found = configuration(tmp_path, text)
    assert found.is_autostarted
    assert [file.name for file in found.files] == ["config", "10-first.conf", "20-second.conf"]
    assert not configuration(tmp_path, f"{text}lxc.start.auto = 0\n").is_autostarted


def test_comments_and_quotes() -> None:
    assert list(parse_lines('# lxc.a = 1\n  lxc.b = "x y" \nnothing\nlxc.c =\n')) == [("lxc.b", "x y"), ("lxc.c", "")]


def test_an_empty_value_takes_back_those_before_it(tmp_path: Path) -> None:
    found = configuration(tmp_path, "lxc.mount.entry = a\nlxc.mount.entry =\nlxc.mount.entry = b\n")
    assert found.values("lxc.mount.entry") == ["b"]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert read_configuration(tmp_path / "nothing") is None
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_configuration(tmp_path)
    (tmp_path / "large").write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(ConfigurationError, match="larger"):
        read_configuration(tmp_path / "large")


@pytest.mark.parametrize(
    ("value", "device"),
    [
        ("lvm:/dev/vg/c1", Device("/dev/vg/c1", "block", target="/")),
        ("/dev/vg/c1", Device("/dev/vg/c1", "block", target="/")),
        ("rbd:/dev/rbd/pool/c1", Device("/dev/rbd/pool/c1", "block", target="/")),
        ("loop:/srv/c1.img", Device("/srv/c1.img", "file", target="/")),
        ("nbd:/srv/c1.qcow2:1", Device("/srv/c1.qcow2", "file", target="/")),
        ("dir:/srv/c1/rootfs", None),
        ("overlay:/srv/base:/srv/c1/delta", None),
        ("zfs:tank/lxc/c1", None),
        ("btrfs:/srv/c1", None),
        ("/srv/c1/rootfs", None),
    ],
)
def test_what_the_root_lies_on(tmp_path: Path, value: str, device: Device | None) -> None:
    found = list_disks(configuration(tmp_path, f"lxc.rootfs.path = {value}\n"), no_block)
    assert found == (() if device is None else (device,))


def test_a_root_of_1_x_in_a_file(tmp_path: Path) -> None:
    image = tmp_path / "c1.img"
    image.touch()
    found = list_disks(configuration(tmp_path, f"lxc.rootfs = {image}\nlxc.rootfs.options = ro\n"), no_block)
    assert found == (Device(str(image), "file", is_writable=False, target="/"),)


def test_block_devices_that_are_mounted_or_handed_on(tmp_path: Path) -> None:
    table = tmp_path / "fstab"
    table.write_text("# a table\n/dev/vg/my\\040data srv ext4 ro,nodev 0 0\n")
    text = (
        f"lxc.mount = {table}\n"
        "lxc.mount.entry = /dev/vg/logs var/log ext4 defaults 0 0\n"
        "lxc.mount.entry = /dev/fuse dev/fuse none bind,create=file 0 0\n"
        "lxc.mount.entry = /dev/vg/raw dev/raw none bind,create=file 0 0\n"
        "lxc.mount.entry = tmpfs tmp tmpfs mode=1777 0 0\n"
    )
    found = list_disks(configuration(tmp_path, text), lambda path: path == Path("/dev/vg/raw"))
    assert found == (
        Device("/dev/vg/my data", "block", is_writable=False, target="/srv"),
        Device("/dev/vg/logs", "block", target="/var/log"),
        Device("/dev/vg/raw", "block", target="/dev/raw"),
    )


def test_a_table_of_mounts_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="/nowhere"):
        list_disks(configuration(tmp_path, "lxc.mount.fstab = /nowhere\n"), no_block)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a\n lxc.start.auto = 1 \n# end", "a\n lxc.start.auto = 0\n# end"),
        ("lxc.start.auto=1\nlxc.start.auto = 5\n", "lxc.start.auto=0\nlxc.start.auto = 0\n"),
        ("# lxc.start.auto = 1\n", "# lxc.start.auto = 1\nlxc.start.auto = 0\n"),
        ("a", "a\nlxc.start.auto = 0\n"),
        ("", "lxc.start.auto = 0\n"),
        ("lxc.start.auto =\n", "lxc.start.auto =0\n"),
    ],
)
def test_the_autostart_is_switched_off_and_all_else_stays(text: str, wanted: str) -> None:
    assert without_autostart(text) == wanted


@given(st.text(alphabet=st.sampled_from(list("lxc.start.auto = 01\n#"))), st.booleans())
def test_afterwards_it_is_off(text: str, elsewhere: bool) -> None:
    changed = without_autostart(text, is_said_elsewhere=elsewhere)
    assert dict(parse_lines(changed))["lxc.start.auto"] == "0"
    assert without_autostart(changed) == changed
