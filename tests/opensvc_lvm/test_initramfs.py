"""What is found out of an initramfs, with executables that stand in for those that list and build one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from opensvc_core.api import CommandFailed, CommandNotFound
from opensvc_core.host.local import LocalHost
from opensvc_lvm.protection.commands import Commands
from opensvc_lvm.protection.findings import Finding, Verdict
from opensvc_lvm.protection.initramfs import Initramfs

pytestmark = pytest.mark.simulated
RELEASE = "6.1.0-1-amd64"


@pytest.fixture
def initramfs(tmp_path: Path) -> Initramfs:
    for name in ("bin", "boot", "lvm"):
        (tmp_path / name).mkdir()
    (tmp_path / "lvm/lvm.conf").write_text("")
    return Initramfs(Commands(LocalHost("n1", f"{tmp_path}/bin"), tmp_path / "lvm"), RELEASE, tmp_path / "boot")


def install(initramfs: Initramfs, program: str, script: str) -> None:
    path = initramfs.boot.with_name("bin") / program
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def check(initramfs: Initramfs) -> Finding:
    return initramfs.check([initramfs.commands.system_dir / "lvm.conf", initramfs.commands.system_dir / "no.conf"])


def make_image(initramfs: Initramfs, name: str = f"initrd.img-{RELEASE}", age: float = -10) -> Path:
    image = initramfs.boot / name
    image.write_text("")
    changed = (initramfs.commands.system_dir / "lvm.conf").stat().st_mtime - age
    os.utime(image, (changed, changed))
    return image


def test_none_is_there(initramfs: Initramfs) -> None:
    assert check(initramfs).verdict is Verdict.UNKNOWN


def test_one_that_is_older_than_the_configuration(initramfs: Initramfs) -> None:
    make_image(initramfs, age=10)
    found = check(initramfs)
    assert found.verdict is Verdict.BAD
    assert "is older than lvm.conf" in found.text


@pytest.mark.parametrize("name", [f"initrd.img-{RELEASE}", f"initramfs-{RELEASE}.img", f"initrd-{RELEASE}"])
def test_one_that_cannot_be_looked_into(initramfs: Initramfs, name: str) -> None:
    make_image(initramfs, name)
    assert check(initramfs).verdict is Verdict.UNKNOWN


LSINITRD = """\
cat <<X
drwxr-xr-x   2 root     root            0 Jan  1  2026 etc/lvm
-rw-r--r--   1 root     root          100 Jan  1  2026 etc/lvm/lvm.conf
-r-xr-xr-x   1 root     root          100 Jan  1  2026 usr/sbin/lvm
lrwxrwxrwx   1 root     root            3 Jan  1  2026 usr/sbin/vgs -> lvm
X"""


@pytest.mark.parametrize(
    ("program", "script", "verdict"),
    [
        ("lsinitramfs", "printf 'usr/sbin/lvm\\netc/lvm/lvm.conf\\n'", Verdict.OK),
        ("lsinitramfs", "printf 'usr/sbin/lvm\\n'", Verdict.BAD),
        ("lsinitramfs", "printf 'bin/busybox\\n'", Verdict.OK),
        ("lsinitramfs", "exit 1", Verdict.UNKNOWN),
        ("lsinitrd", LSINITRD, Verdict.OK),
    ],
)
def test_what_is_in_it(initramfs: Initramfs, program: str, script: str, verdict: Verdict) -> None:
    make_image(initramfs)
    if "<<" in script:
        install(initramfs, "cat", "exec /bin/cat")
    install(initramfs, program, script)
    assert check(initramfs).verdict is verdict


def test_building_it(initramfs: Initramfs) -> None:
    with pytest.raises(CommandNotFound, match="neither update-initramfs nor dracut"):
        initramfs.rebuild()
    install(initramfs, "dracut", "exit 0")
    assert initramfs.rebuild() == "dracut --force --regenerate-all"
    install(initramfs, "update-initramfs", "echo no space left >&2; exit 1")
    with pytest.raises(CommandFailed, match="no space left"):
        initramfs.rebuild()
