"""systemd as PID 1 within a lab node: booted, asked, told to power off."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs

from tests.lab import processes
from tests.lab.nodes import Node
from tests.lab.specification import environment

UNITS = "/srv/units"
"""Folder of the node that is `/etc/systemd/system` of every boot."""
SCRIPT = Path(__file__).with_name("boot_systemd.sh")
BOOT_SECONDS = 30.0
COMMAND_SECONDS = 60.0


@attrs.define
class Booted:
    """A system that systemd runs.

    Attributes:
        process: what holds its namespaces; ends with it.
        pid: of systemd, as this machine sees it.
    """

    process: processes.NodeProcess
    pid: int

    def exec(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the system and wait for it. Raises subprocess.TimeoutExpired."""
        line = processes.enter(self.pid, argv, "/")
        with processes.start(line, environment(), has_input=False) as process:
            stdout, stderr = processes.finish(process, argv, None, COMMAND_SECONDS)
        return subprocess.CompletedProcess(list(argv), process.returncode, stdout, stderr)

    def told(self, *argv: str) -> str:
        """Run a command that must succeed; what it prints."""
        done = self.exec(*argv)
        assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
        return done.stdout

    def wait_for(self, what: Callable[[], bool], about: str) -> None:
        """Ask again and again until something is so. Raises TimeoutError."""
        deadline = time.monotonic() + BOOT_SECONDS
        while not what():
            if time.monotonic() > deadline:
                raise TimeoutError(about)
            time.sleep(0.05)

    def power_off(self) -> None:
        """What an operator does; returns when nothing of the system is left."""
        self.exec("systemctl", "poweroff")
        self.process.communicate(timeout=COMMAND_SECONDS)


@contextmanager
def boot(node: Node) -> Iterator[Booted]:
    """A system on a node: up when the block begins, ended, however hard, at its end."""
    argv: Sequence[str] = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", str(SCRIPT), UNITS]
    process = node.popen(argv)
    try:
        yield _wait_until_up(process)
    finally:
        process.kill_group()
        process.communicate()


def _wait_until_up(process: processes.NodeProcess) -> Booted:
    deadline = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        pid = _grandchild(process)
        if pid and Path(f"/proc/{pid}/comm").read_text() == "systemd\n":
            booted = Booted(process, pid)
            # The exit status tells of failed units too: they are for the test to look at.
            if booted.exec("systemctl", "is-system-running", "--wait").stdout.strip() in {"running", "degraded"}:
                return booted
        time.sleep(0.02)
    process.kill_group()
    raise TimeoutError(f"systemd does not come up: {process.communicate()}")


def _grandchild(process: processes.NodeProcess) -> int:
    """The child of the `unshare` that runs in the node; 0 while there is none."""
    inner = process.inner_pid
    if inner is None:
        return 0
    try:
        children = Path(f"/proc/{inner}/task/{inner}/children").read_text().split()
    except OSError:
        return 0
    return int(children[0]) if children else 0
