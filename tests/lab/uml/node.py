"""A node with a kernel of its own: it boots, loses its power and its cables, hangs, and sees shared SCSI disks."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.lab import processes
from tests.lab.kept import Kept
from tests.lab.network import SWITCH_NUMBER
from tests.lab.uml import disks, specification
from tests.lab.uml.console import Console
from tests.lab.uml.control import Control, KernelProcess
from tests.lab.uml.disks import Disk
from tests.lab.uml.fabric import CONTROL, PUBLIC, SEGMENTS, Fabric
from tests.lab.uml.specification import Machine

BOOT_SECONDS = 60.0
EXEC_SECONDS = 60.0
ROOT = "/opt/opensvc"
"""`$OSVC_ROOT` in nodes: on a disk that keeps it through a power cut, as it keeps all but /run, /tmp and /dev/shm."""


CLEAR_SECONDS = 20.0

# The newest mount first, the device on top first, no memory of what was on the disks, no news of what became of
# reservations (a unit attention is told once), no address but its own. A disk whose path was lost is not `running`.
_CLEAR = """
for at in $(tac /proc/mounts | grep '^/dev/[^u]' | cut -d' ' -f2); do umount "$at"; done
for try in 1 2 3 4 5; do
  set -- /sys/block/dm-*
  [ -e "$1" ] || break
  dmsetup remove_all >/dev/null
done
[ ! -e "$1" ]
for link in $(find /dev -mindepth 2 -maxdepth 2 -lname '/dev/mapper/*'); do
  rm "$link"
  rmdir "${link%/*}" 2>/dev/null || true
done
for disk in /sys/block/sd*; do
  blockdev --flushbufs "/dev/${disk##*/}"
  sg_turs --number=8 "/dev/${disk##*/}" >/dev/null 2>&1 || true
done
for address in $(ip -4 -o address show dev eth0 | awk '{print $4}'); do
  [ "$address" = "$OWN" ] || ip address del "$address" dev eth0
done
rm -rf "$OSVC_ROOT"
cat /sys/block/sd*/device/state
"""


class BootError(RuntimeError):
    """A node did not come up; the message holds its console."""


class KernelNode:
    """One host of the lab.

    Attributes:
        machine: how it is built.
        name: its host name, `n1`, `n2`, …
    """

    def __init__(self, machine: Machine, folder: Path, fabric: Fabric, control: Control) -> None:
        """Build its disk; it is off."""
        self.machine = machine
        self.name = machine.name
        self._folder = folder
        self._fabric = fabric
        self._control = control
        self._kernel: Kept | None = None
        self._console: Console | None = None
        self._commands: list[KernelProcess] = []
        self._delayed: list[str] = []
        specification.make_disk(machine, folder)

    @property
    def address(self) -> str:
        """Its address on the public segment, that of its card `eth0`."""
        return self.machine.address(PUBLIC)

    @property
    def initiator(self) -> str:
        """Its iSCSI name."""
        return self.machine.initiator

    @property
    def is_on(self) -> bool:
        """Whether it has power."""
        return self._kernel is not None and self._kernel.is_alive

    @property
    def console(self) -> str:
        """What its kernel has printed since it was last switched on."""
        return self._console.text if self._console else ""

    # -- power

    def on(self) -> None:
        """Boot, and wait until it serves. Its disk is as the last power cut left it. Nothing happens if it is on.

        Raises:
            BootError: it does not come up.
        """
        self.begin_boot()
        self.wait_booted()

    def begin_boot(self) -> None:
        """Switch it on and do not wait. Nothing happens if it is on."""
        if self.is_on:
            return
        self._fabric.add_taps(self.name, self.machine.segments)
        settings = specification.make_settings(self.machine, self._folder)
        self._kernel = Kept(
            specification.command_line(self.machine, self._folder, settings),
            self._fabric.pid,
            # Its memory is a file that it makes, maps and unlinks in this folder, which is in memory.
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(self._folder), "TMPDIR": str(self._folder)},
            stdout=subprocess.PIPE,
            cpu=specification.processor(self.machine),
        )
        assert self._kernel.stdout is not None
        self._console = Console(self._kernel.stdout, self._folder / f"{self.name}.console")

    def wait_booted(self, timeout: float = BOOT_SECONDS) -> None:
        """Wait until a node that was switched on serves.

        Raises:
            BootError: it does not, within `timeout` seconds; it is off.
        """
        if self._console is None or not self._console.wait_ready(timeout):
            text = self.console
            self.kill()
            raise BootError(f"{self.name} does not boot: {text[-3000:]}")

    def kill(self) -> None:
        """Cut its power. What it had not yet written to its disk is lost. Nothing happens if it is off."""
        if self._kernel is not None:
            self._kernel.kill()
        if self._console is not None:
            self._console.join()
        # To the network a dead node is only silent: commands in it would be waited for.
        for command in self._commands:
            command.kill_group()
        self._commands, self._delayed, self._kernel = [], [], None

    def freeze(self) -> None:
        """Stop its processor: nothing in it goes on, and no one is told.

        Raises:
            RuntimeError: it is off.
        """
        self._running().freeze()

    def thaw(self) -> None:
        """Let it go on as if nothing had been.

        Raises:
            RuntimeError: it is off.
        """
        self._running().thaw()

    # -- cables

    def cut(self, segment: str | None = None) -> None:
        """Pull the cable of one segment (`pub`, `san1`, `san2`), or of all."""
        self._fabric.set_port(self.name, segment, up=False)

    def heal(self, segment: str | None = None) -> None:
        """Plug the cable of one segment, or of all, in again; returns when the switch answers through it.

        Raises:
            subprocess.CalledProcessError: it does not answer.
        """
        self._fabric.set_port(self.name, segment, up=True)
        for name in [each for each in self.machine.segments if each != CONTROL] if segment is None else [segment]:
            self.exec(
                ["ping", "-q", "-i", "0.2", "-c", "1", "-w", "10", f"{SEGMENTS[name]}.{SWITCH_NUMBER}"], check=True
            )

    def clear(self) -> bool:
        """End all commands, unmount and deactivate all that lies on shared disks, empty `ROOT`.

        Returns:
            False when it does not come clean.
        """
        for command in self._commands:
            command.kill_group()
        try:
            for segment in tuple(self._delayed):
                self.delay(segment, 0)
            own = {"OWN": f"{self.address}/24"}
            said = self.exec(["sh", "-e", "-c", _CLEAR], env=own, timeout=CLEAR_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        return said.returncode == 0 and said.stdout.split() == ["running"] * self.machine.attachment.disks

    def delay(self, segment: str, seconds: float) -> None:
        """Let what it sends into a segment leave up to 200 s later, all of it side by side; 0 ends that.

        Raises:
            subprocess.CalledProcessError: the kernel refuses.
        """
        card = specification.card(segment)
        if segment in self._delayed:
            self.exec(["tc", "qdisc", "del", "dev", card, "root"], check=True)
            self._delayed.remove(segment)
        if seconds:
            late = ["netem", "delay", f"{int(seconds * 1000)}ms"]
            self.exec(["tc", "qdisc", "add", "dev", card, "root", *late], check=True)
            self._delayed.append(segment)

    # -- commands

    def popen(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: str = "/", has_input: bool = False
    ) -> KernelProcess:
        """Start a command in the node as root (`PATH` begins with this interpreter's folder, `$OSVC_ROOT` is `ROOT`).

        Raises:
            RuntimeError: the node is off.
        """
        self._running()
        self._commands = [command for command in self._commands if command.returncode is None]
        environment = {**specification.node_environment(self._folder), "OSVC_ROOT": ROOT, **(env or {})}
        address = self.machine.address(CONTROL)
        process = self._control.start(self._fabric.pid, address, argv, environment, cwd, has_input=has_input)
        self._commands.append(process)
        return process

    def exec(
        self,
        argv: Sequence[str],
        *,
        timeout: float = EXEC_SECONDS,
        env: Mapping[str, str] | None = None,
        input: str | None = None,
        cwd: str = "/",
        check: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the node as root and wait for it, at most `timeout` seconds.

        Raises:
            subprocess.TimeoutExpired: it took longer; it was killed.
            subprocess.CalledProcessError: with `check`, it ended with another status than 0.
            RuntimeError: the node is off.
        """
        with self.popen(argv, env=env, cwd=cwd, has_input=input is not None) as process:
            stdout, stderr = processes.finish(process, argv, input, timeout)
        done = subprocess.CompletedProcess(list(argv), process.returncode, stdout, stderr)
        if check and done.returncode:
            error = subprocess.CalledProcessError(done.returncode, done.args, stdout, stderr)
            error.add_note(stderr)
            raise error
        return done

    def sh(self, script: str, *, timeout: float = EXEC_SECONDS, check: bool = True) -> str:
        """Run a script of the test's own in the node's shell, which ends at the first failure; returns its output."""
        return self.exec(["sh", "-e", "-c", script], timeout=timeout, check=check).stdout

    def read(self, path: str) -> str:
        """The text of a file of the node."""
        return self.exec(["cat", path], check=True).stdout

    def write(self, path: str, text: str, *, mode: int = 0o644) -> None:
        """Write a file in the node, with the folders on the way to it; it outlives a power cut."""
        script = 'mkdir -p "${1%/*}/"; cat >"$1"; chmod "$2" "$1"; sync "$1"'
        self.exec(["sh", "-e", "-c", script, "write", path, f"{mode:o}"], input=text, check=True)

    # -- disks

    def list_disks(self) -> list[Disk]:
        """The SCSI disks that it sees now, in the order of their names."""
        return disks.parse(self.exec(disks.QUESTION, check=True).stdout)

    def devices(self, serial: str) -> list[str]:
        """The device files of one shared disk: one a path, that of the first portal first."""
        found = [disk for disk in self.list_disks() if disk.serial == serial]
        return [disk.path for disk in sorted(found, key=lambda disk: (disk.portal, disk.path))]

    def wait_disks(self, timeout: float = EXEC_SECONDS) -> None:
        """Wait until all shared disks answer again, after a cable was healed or a target thawed.

        Raises:
            subprocess.TimeoutExpired: they do not.
        """
        wanted = self.machine.attachment.disks
        script = 'while [ "$(cat /sys/block/sd*/device/state | grep -cx running)" -lt "$1" ]; do sleep 0.1; done'
        self.exec(["sh", "-c", script, "wait", str(wanted)], timeout=timeout, check=True)
        # The first command of a new session is answered by the news that there is a new session.
        for disk in self.list_disks():
            self.exec(["sg_turs", "-n", "4", disk.path])

    def hide(self, serial: str) -> None:
        """Let the node lose sight of a shared disk, on every path, until `look`."""
        for path in self.devices(serial):
            self.sh(f"echo 1 >/sys/block/{path.removeprefix('/dev/')}/device/delete")

    def look(self) -> None:
        """Let the node look for disks; those that were hidden are there when this returns."""
        self.sh("for host in /sys/class/scsi_host/host*/scan; do echo '- - -' >$host; done")
        self.wait_disks()

    @contextlib.contextmanager
    def plain_disk(self, megabytes: int = 8) -> Iterator[str]:
        """A SCSI disk that is the node's alone and knows no reservations; gives its device file.

        Raises:
            subprocess.CalledProcessError: the kernel makes none, or something still uses it at the end.
        """
        before = {disk.path for disk in self.list_disks()}
        self.exec(["modprobe", "scsi_debug", f"dev_size_mb={megabytes}"], check=True)
        try:
            (made,) = {disk.path for disk in self.list_disks()} - before
            yield made
        finally:
            self.exec(["modprobe", "-r", "scsi_debug"], check=True)

    def _running(self) -> Kept:
        if self._kernel is None or not self._kernel.is_alive:
            raise RuntimeError(f"{self.name} is off")
        return self._kernel
