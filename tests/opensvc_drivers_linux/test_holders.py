"""Who keeps a mount busy, by real processes of this machine and by a made `/proc`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from opensvc_core.api import Deadline
from opensvc_core.clock import SystemClock
from opensvc_drivers_linux.holders import find_holders, find_kernel_users, name_holders


def soon() -> Deadline:
    return Deadline.after(20.0, SystemClock(), "the test")


@contextmanager
def process(code: str, cwd: Path) -> Iterator[int]:
    """A process that runs `code`, says that it has, and waits for its end."""
    script = f"{code}\nprint('ready', flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        try:
            yield running.pid
        finally:
            running.kill()


@pytest.fixture
def point(tmp_path: Path) -> Path:
    point = tmp_path.resolve() / "mount point"
    point.mkdir()
    (point / "base.db").write_bytes(b"x" * 4096)
    return point


def test_a_process_with_its_folder_there_is_named(point: Path) -> None:
    with process("", point) as pid:
        (holder,) = find_holders(str(point), soon())
        assert (holder.pid, holder.use) == (pid, "its current folder")
        assert name_holders(str(point), soon()) == f"pid {pid} ({holder.command}: its current folder)"


@pytest.mark.parametrize(
    ("code", "use"),
    [
        ("file = open({path!r})", "{path} open"),
        ("import os; file = open({path!r}); os.remove({path!r})", "{path} (deleted) open"),
        ("import mmap; file = open({path!r}); m = mmap.mmap(file.fileno(), 0, prot=1); file.close()", "{path} open"),
    ],
)
def test_an_open_file_is_named(point: Path, code: str, use: str) -> None:
    path = str(point / "base.db")
    with process(code.format(path=path), Path("/")) as pid:
        assert [(each.pid, each.use) for each in find_holders(str(point), soon())] == [(pid, use.format(path=path))]


def test_a_folder_beside_it_is_none_of_its_business(point: Path) -> None:
    beside = point.with_name(point.name + " 2")
    beside.mkdir()
    with process("", beside):
        assert find_holders(str(point), soon()) == ()


def made_process(proc: Path, pid: int, namespace: str = "mnt:[1]", **links: str) -> Path:
    """A process of a made `/proc`."""
    folder = proc / str(pid)
    (folder / "ns").mkdir(parents=True)
    (folder / "fd").mkdir()
    (folder / "ns/mnt").symlink_to(namespace)
    (folder / "comm").write_text("postgres\n")
    for name, target in links.items():
        (folder / name).symlink_to(target)
    return folder


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    proc = tmp_path / "proc"
    (proc / "self/ns").mkdir(parents=True)
    (proc / "self/ns/mnt").symlink_to("mnt:[1]")
    return proc


def test_mapped_memory_root_and_program_are_found_by_number_of_the_process(proc: Path) -> None:
    made_process(proc, 20, root="/srv/x")
    made_process(proc, 3, exe="/srv/x/bin/server (deleted)")
    made_process(proc, 100, cwd="/srv/xy", root="/")
    line = "7f00-7f01 r--s 00000000 07:00 12    /srv/x/my\\040data\n"
    (made_process(proc, 30, cwd="/") / "maps").write_text("7f00-7f01 rw-p 00000000 00:00 0 \n" + line)
    found = find_holders("/srv/x", soon(), proc)
    assert [(each.pid, each.use) for each in found] == [
        (3, "its program"),
        (20, "its root"),
        (30, "/srv/x/my data mapped"),
    ]


def test_paths_of_another_mount_namespace_mean_something_else(proc: Path) -> None:
    made_process(proc, 7, "mnt:[2]", cwd="/srv/x")
    assert find_holders("/srv/x", soon(), proc) == ()


def test_a_process_that_ends_meanwhile_is_passed_over(proc: Path) -> None:
    (proc / "8").mkdir()
    assert find_holders("/srv/x", soon(), proc) == ()


def test_the_search_ends_in_time(proc: Path) -> None:
    made_process(proc, 7, cwd="/srv/x")
    assert find_holders("/srv/x", Deadline.after(-1.0, SystemClock(), "over"), proc) == ()


def test_the_kernel_s_own_users_are_named(proc: Path, tmp_path: Path) -> None:
    (proc / "swaps").write_text(
        "Filename\tType\tSize\tUsed\tPriority\n/srv/x/swap\\040file file 1 0 -2\n/dev/sda2 partition 1 0 -3\n"
    )
    backing = tmp_path / "block/loop3/loop"
    backing.mkdir(parents=True)
    (backing / "backing_file").write_text("/srv/x/disk.img\n")
    (tmp_path / "block/loop4").mkdir()
    assert find_kernel_users("/srv/x", proc, tmp_path / "block") == (
        "swap file /srv/x/swap file",
        "/dev/loop3, which is /srv/x/disk.img",
    )


def test_when_nobody_is_found_that_is_said(point: Path) -> None:
    assert name_holders(str(point), soon()).startswith("no process has anything there")
    assert os.geteuid() == 0 or "as far as this user can see" in name_holders(str(point), soon())
