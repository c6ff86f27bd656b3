"""What the core knows of processes, boots and commands on systems that are not Linux, HP-UX above all.

The kernel's folder is pointed at an empty one: then it is ``ps``, ``who`` and signals that tell, those of this machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opensvc_core.boot_record import BootRecord
from opensvc_core.clock import Cancel, SystemClock
from opensvc_core.host import Command, Spawned, processes
from opensvc_core.host.local import HPUX_TERMINFO, VENDOR_FOLDERS, LocalHost
from opensvc_core.host.processes import end_group, find_by_marker, is_running, parse_elapsed, process_start_time


@pytest.fixture
def no_proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A system without ``/proc``."""
    monkeypatch.setattr(processes, "PROC", tmp_path / "no proc")
    processes.read_boot_id.cache_clear()
    yield
    processes.read_boot_id.cache_clear()


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that leads a session of its own."""
    process = subprocess.Popen(["sleep", "100"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:07", 7),
        ("   12:34\n", 754),
        ("01:00:00", 3600),
        ("2-01:00:00", 176400),
        ("", None),
        ("now", None),
        ("7", None),
    ],
)
def test_the_age_that_ps_tells(text: str, seconds: int | None) -> None:
    assert parse_elapsed(text) == seconds


@pytest.mark.usefixtures("no_proc")
def test_a_process_is_known_by_the_second_in_which_it_began(child: subprocess.Popen[bytes]) -> None:
    began = process_start_time(child.pid)
    assert abs(float(began) - SystemClock().now()) < 30
    assert is_running(child.pid, began)
    assert not is_running(child.pid, str(float(began) - 1000)), "another process has that pid by now"
    assert is_running(child.pid, "not a time"), "who cannot tell takes it for running"


@pytest.mark.usefixtures("no_proc")
def test_a_group_of_another_age_is_left_alone(child: subprocess.Popen[bytes]) -> None:
    began = float(process_start_time(child.pid))
    assert end_group(child.pid, str(began - 1000), grace=0.1)
    assert child.poll() is None


@pytest.mark.usefixtures("no_proc")
def test_a_group_that_nobody_can_tell_is_left_alone_and_not_called_gone(child: subprocess.Popen[bytes]) -> None:
    assert not end_group(child.pid, "", grace=0.1)
    assert child.poll() is None


@pytest.mark.usefixtures("no_proc")
def test_nobody_is_found_by_a_mark() -> None:
    assert find_by_marker("PATH", os.environ["PATH"]) == []


@pytest.mark.usefixtures("no_proc")
def test_a_boot_is_known_by_its_time_in_one_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    said = subprocess.run(
        ["who", "-b"],
        env={"PATH": "/usr/bin:/bin", "TZ": "UTC0", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert processes.read_boot_id() == " ".join(said.split())


def test_a_record_is_not_believed_where_boots_cannot_be_told_apart(tmp_path: Path) -> None:
    unknown = BootRecord(tmp_path / "r.json", "")
    unknown.add(["0x6006"])
    assert not unknown.has("0x6006")
    known = BootRecord(tmp_path / "r.json", "b1")
    known.add(["0x6006"])
    assert known.has("0x6006")


def _run(host: LocalHost, *argv: str) -> str:
    return host.execute(Command(argv), Cancel()).stdout


def test_hpux_tools_are_found_where_hp_puts_them_last() -> None:
    host = LocalHost("n1", "/sim/bin:/usr/bin", os_name="HP-UX")
    assert host.path.split(":") == ["/sim/bin", "/usr/bin", *VENDOR_FOLDERS["HP-UX"]]
    assert "/opt/hpvm/bin" in host.path
    assert f"PATH={host.path}\n" in _run(host, "env")
    assert LocalHost("n1", "/usr/bin").path == "/usr/bin"


@pytest.mark.simulated
def test_a_simulated_executable_comes_before_the_vendor_s(tmp_path: Path) -> None:
    tool = tmp_path / "hpvmstatus"
    tool.write_text("#!/bin/sh\necho simulated\n")
    tool.chmod(0o755)
    assert _run(LocalHost("n1", f"{tmp_path}:/usr/bin:/bin", os_name="HP-UX"), "hpvmstatus") == "simulated\n"


@pytest.mark.simulated
def test_the_terminal_trap_of_hpux(tmp_path: Path) -> None:
    """A tool that prints nothing of use unless it finds the description of its terminal, as the cookbook warns."""
    tool = tmp_path / "hpvmstatus"
    tool.write_text(
        '#!/bin/sh\n[ "$TERMINFO" = /usr/share/lib/terminfo ] || { printf "\\033[?1034h"; exit 0; }\necho told\n'
    )
    tool.chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin"
    assert _run(LocalHost("n1", path, os_name="HP-UX"), "hpvmstatus") == "told\n"
    assert _run(LocalHost("n1", path, os_name="Linux"), "hpvmstatus") == "\x1b[?1034h"
    other = LocalHost("n1", path, os_name="HP-UX", env={"TERMINFO": "/elsewhere"})
    assert "TERMINFO=/elsewhere\n" in _run(other, "env"), "an operator's own place counts"
    assert HPUX_TERMINFO == "/usr/share/lib/terminfo"


@pytest.mark.usefixtures("no_proc")
def test_commands_run_and_are_journalled_by_their_time_without_proc() -> None:
    seen: list[Spawned] = []
    host = LocalHost("n1", os_name="HP-UX")
    result = host.execute(Command((sys.executable, "-c", "print(1)")), Cancel(), seen.append)
    assert result.stdout == "1\n"
    assert abs(float(seen[0].start_time) - SystemClock().now()) < 60
