"""Nodes of the lab: several hosts on one machine, made of namespaces.

A node has pid, network, host name, IPC, control group and mount namespaces of its own, a copy-on-write root over this
machine's, an sshd, and an address on each of two switches that lead nowhere else. It can lose its power and its cables.
Needs root; needs no systemd. Nodes end with the process that made them, also when that is killed.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from tests.lab import cgroups, processes
from tests.lab.leftovers import LabFolder, sweep
from tests.lab.network import SEGMENTS, SWITCH_NUMBER, Switch
from tests.lab.processes import NodeProcess
from tests.lab.specification import environment, host_files, node_specification, small_disk

BOOT_SECONDS = 20.0
OFF_SECONDS = 20.0
EXEC_SECONDS = 30.0
_WRITE = 'mkdir -p "$2"; cat >"$1"; chmod "$3" "$1"'


class BootError(RuntimeError):
    """A node did not come up; the message holds its console."""


class Node:
    """One host of the lab.

    Attributes:
        name: its host name, `node1`, `node2`, …
        number: the last number of its addresses.
    """

    def __init__(
        self, lab: Lab, number: int, *, is_bare: bool = False, small: Mapping[str, int] = MappingProxyType({})
    ) -> None:
        """A node that was never on.

        Args:
            lab: to which it belongs.
            number: the last number of its addresses.
            is_bare: whether it has keys of its own, enters nobody and lets nobody in, until somebody sets that up.
            small: folders of the node that are file systems of their own, and their sizes in MiB: those can be filled.
        """
        self.name = f"node{number}"
        self.number = number
        self._is_bare = is_bare
        self._small = small
        self._lab = lab
        self._disk = lab.folder.disk / self.name
        self._unshare: subprocess.Popen[bytes] | None = None
        self._lifeline: socket.socket | None = None
        self._pid = 0
        self._groups: list[Path] = []

    @property
    def address(self) -> str:
        """Its address on the public segment, that of the bridge `br0` to which guests are connected."""
        return f"{SEGMENTS['pub']}.{self.number}"

    @property
    def is_on(self) -> bool:
        """Whether it has power."""
        return self._unshare is not None and self._unshare.poll() is None

    def on(self) -> None:
        """Boot: the disk is as the last power cut left it, `/run` and `/tmp` are empty. Nothing happens if it is on.

        Raises:
            BootError: it does not come up.
        """
        if self.is_on:
            return
        for name in ("upper", "work", "root"):
            (self._disk / name).mkdir(parents=True, exist_ok=True)
        for path, size in self._small.items():
            folder = small_disk(self._lab.folder.disk, self.name, path)
            if not folder.exists():
                folder.mkdir(parents=True)
                line = ["mount", "-t", "tmpfs", "-o", f"mode=755,size={size}m", self.name, str(folder)]
                subprocess.run(line, check=True, timeout=10)
        specification = self._disk / "boot.json"
        described = node_specification(
            self.name,
            self.number,
            self._lab.folder.disk,
            is_bare=self._is_bare,
            is_new=not specification.exists(),
            binds=tuple(self._small),
        )
        specification.write_text(json.dumps(described))
        self._lifeline, theirs = socket.socketpair()
        self._lifeline.settimeout(BOOT_SECONDS)
        group = f"{self._lab.folder.path.name}-{self.name}"
        self._groups = cgroups.create(group)
        unshare = [processes.tool("unshare"), "-n", "-u", "-i", "-C", "-m", "--propagation", "private", "-p"]
        pid1 = [sys.executable, "-S", "-E", str(Path(__file__).with_name("pid1.py")), str(specification)]
        with (self._disk / "console.log").open("ab") as console, theirs:
            self._unshare = subprocess.Popen(
                processes.in_groups(self._groups, [*unshare, "--fork", "--kill-child", *pid1, str(theirs.fileno())]),
                env=environment(),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        self._lab.folder.note_process(self._unshare.pid)
        self._expect(b"born")
        children = Path(f"/proc/{self._unshare.pid}/task/{self._unshare.pid}/children").read_text().split()
        self._pid = int(children[0])
        self._lab.switch.connect(self.name, self._pid)
        self._lifeline.send(b"wired")
        self._expect(b"ready")

    def off(self) -> None:
        """Cut its power: every process in it is killed at once. Nothing happens if it is off."""
        if self._unshare is None or self._lifeline is None:
            return
        # The kernel ends all processes of a pid namespace with its first one, and reports that one last.
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        else:
            self._unshare.kill()
        self._unshare.wait(OFF_SECONDS)
        self._lifeline.close()
        self._lab.switch.disconnect(self.name)
        cgroups.remove(f"{self._lab.folder.path.name}-{self.name}")
        self._unshare, self._pid = None, 0

    def cut(self, segment: str | None = None) -> None:
        """Pull the cable of one segment (`pub`, `hb`), or of all."""
        self._lab.switch.set_port(self.name, segment, up=False)

    def plug(self, segment: str | None = None) -> None:
        """Plug the cable of one segment, or of all, in again; returns when the switch answers through it.

        Raises:
            subprocess.CalledProcessError: it does not answer.
        """
        self._lab.switch.set_port(self.name, segment, up=True)
        for name in SEGMENTS if segment is None else [segment]:
            # One answer, or five seconds: the kernel needs up to one to see that the carrier is back.
            address = f"{SEGMENTS[name]}.{SWITCH_NUMBER}"
            self.exec(["ping", "-q", "-i", "0.05", "-c", "1", "-w", "5", address], check=True)

    def lose(self, other: Node) -> None:
        """Let nothing that `other` sends reach this node, in any segment; what this node sends arrives there."""
        self._hear(other, "-A")

    def hear(self, other: Node) -> None:
        """Undo one `lose`."""
        self._hear(other, "-D")

    def _hear(self, other: Node, change: str) -> None:
        for prefix in SEGMENTS.values():
            source = f"{prefix}.{other.number}"
            self.exec(["iptables", "-w", change, "INPUT", "-s", source, "-j", "DROP"], check=True)

    def freeze_sshd(self) -> None:
        """Stop its sshd in its tracks, with every session: connections are taken, and nobody answers."""
        self.exec(["pkill", "-STOP", "-x", "sshd"], check=True)

    def thaw_sshd(self) -> None:
        """Let its sshd go on."""
        self.exec(["pkill", "-CONT", "-x", "sshd"], check=True)

    def seen(self, path: str) -> Path:
        """A file of the node as this machine sees it, as long as the node is on; links are not to be followed."""
        return Path(f"/proc/{self._pid}/root") / path.lstrip("/")

    def small_disk(self, path: str) -> Path:
        """Where one of its small file systems lies on this machine: it outlives the node's power, and holds no links.

        SQLite follows the links on the way to a file, and so leaves the node with what `seen` gives.
        """
        return small_disk(self._lab.folder.disk, self.name, path)

    @property
    def control_groups(self) -> list[Path]:
        """Its groups in every hierarchy, as this machine sees them; empty when it was never on."""
        return [door.parent for door in self._groups]

    def popen(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: str = "/", has_input: bool = False
    ) -> NodeProcess:
        """Start a command in the node, in an environment of its own (`PATH` begins with this interpreter's folder).

        Raises:
            RuntimeError: the node is off.
        """
        if not self.is_on:
            raise RuntimeError(f"{self.name} is off")
        line = processes.in_groups(self._groups, processes.enter(self._pid, argv, cwd))
        return processes.start(line, {**environment(), **(env or {})}, has_input=has_input)

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

    def read(self, path: str) -> str:
        """The text of a file of the node."""
        return self.exec(["cat", path], check=True).stdout

    def write(self, path: str, text: str, *, mode: int = 0o644) -> None:
        """Write a file in the node, with the folders on the way to it."""
        folder = os.path.dirname(path) or "/"  # noqa: PTH120 - a path of the node
        self.exec(["/bin/sh", "-ec", _WRITE, "write", path, folder, f"{mode:o}"], input=text, check=True)

    def _expect(self, word: bytes) -> None:
        assert self._lifeline is not None
        try:
            heard = self._lifeline.recv(16)
        except (TimeoutError, ConnectionError):
            heard = b""
        if heard != word:
            console = (self._disk / "console.log").read_text(errors="replace")
            self.off()
            raise BootError(f"{self.name} does not boot (no {word.decode()}): {console[-2000:]}")


class Lab:
    """Nodes on two switches, and what they share.

    Attributes:
        nodes: the nodes, `node1` first.
        switch: what their cables end in.
        folder: where the lab keeps its files.
    """

    def __init__(self, *, is_bare: bool = False, small: Mapping[str, int] = MappingProxyType({})) -> None:
        """A lab without a node. `is_bare` and `small` are of its nodes, see `Node`."""
        sweep()
        self._is_bare = is_bare
        self._small = small
        self.folder = LabFolder.create()
        self.nodes: list[Node] = []
        host_files(self.folder.disk)
        self.shared.mkdir()
        self.switch = Switch()
        self.folder.note_process(self.switch.pid)

    @classmethod
    def up(cls, count: int, *, is_bare: bool = False, small: Mapping[str, int] = MappingProxyType({})) -> Lab:
        """A lab with `count` nodes, all on. Labs of sessions that are no more are swept away first."""
        lab = cls(is_bare=is_bare, small=small)
        try:
            for _ in range(count):
                lab.add()
        except BaseException:
            lab.down()
            raise
        return lab

    def add(self) -> Node:
        """One more node, on."""
        node = Node(self, len(self.nodes) + 1, is_bare=self._is_bare, small=self._small)
        self.nodes.append(node)
        node.on()
        return node

    @property
    def shared(self) -> Path:
        """A folder at the same path in every node and on this machine."""
        return self.folder.disk / "shared"

    @property
    def public_key(self) -> str:
        """Root's public ssh key, the same on all nodes."""
        return (self.folder.disk / "id.pub").read_text()

    def down(self) -> None:
        """Cut the power of all nodes and leave nothing behind."""
        for node in self.nodes:
            node.off()
        self.switch.close()
        self.folder.remove()

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.down()
