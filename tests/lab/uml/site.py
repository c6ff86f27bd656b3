"""Nodes that share disks and run the agent, set up as an operator sets up a cluster; and what is seen of them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs

from tests.lab.processes import NodeProcess, OutputWatch
from tests.lab.uml import bytecode
from tests.lab.uml.fabric import PUBLIC, SEGMENTS
from tests.lab.uml.lab import KernelLab
from tests.lab.uml.node import ROOT, KernelNode
from tests.lab.uml.san import Lun

OSVC_SECONDS = 100.0
ADDRESS = f"{SEGMENTS[PUBLIC]}.100"
"""An address for services, on the public segment."""
LAUNCHER = """\
#!/bin/sh
case $1 in
start) touch /run/app.{name} ;;
stop) rm -f /run/app.{name} ;;
status) [ -e /run/app.{name} ] ;;
esac
"""
_CUT_RUN = Path(__file__).with_name("cut_run.py")
LIMITS = "[limits]\nstatus = 20\nchecks = 20\nlate_start = 1\nleft_over = 5\n"
"""Nodes of a busy machine take seconds for a status."""
BRIEF_LIMITS = "[limits]\nstatus = 5\nchecks = 5\nlate_start = 1\nleft_over = 5\n"
"""For stories of what does not answer."""


@attrs.frozen
class Row:
    """A resource in a status.

    Attributes:
        status: as it is shown.
        codes: of its notes.
        text: of its notes, on one line.
    """

    status: str
    codes: tuple[str, ...]
    text: str


@attrs.define
class Site:
    """The nodes of a lab with the agent on them, each knowing the others' addresses and reservation keys.

    Attributes:
        lab: they belong to.
        keys: reservation keys by the node's name.
    """

    lab: KernelLab
    keys: dict[str, int] = attrs.field(factory=dict)

    @classmethod
    def make(cls, lab: KernelLab, limits: str = LIMITS) -> Site:
        """Have every node make its key, and tell it to the others; `limits` are how long its agent waits."""
        bytecode.compile_for(lab.path)
        site = cls(lab)
        with ThreadPoolExecutor() as side_by_side:
            told = side_by_side.map(lambda node: site.told(node, "node", "prkey", "--format", "plain"), lab.nodes)
            site.keys.update({node.name: int(text.split()[-1], 16) for node, text in zip(lab.nodes, told, strict=True)})
        hosts = "".join(f"{node.address} {node.name}\n" for node in lab.nodes)
        for node in lab.nodes:
            others = "".join(f"{name} = {key:#x}\n" for name, key in site.keys.items() if name != node.name)
            node.write(f"{ROOT}/etc/hosts", hosts)
            node.write(f"{ROOT}/etc/node.conf", f"[prkeys]\n{others}{limits}", mode=0o600)
        return site

    # -- the agent

    def osvc(
        self, node: KernelNode, *words: str, env: Mapping[str, str] | None = None, timeout: float = OSVC_SECONDS
    ) -> subprocess.CompletedProcess[str]:
        """Run `osvc WORDS` in a node and wait for it."""
        return node.exec([sys.executable, "-m", "opensvc_core", *words], env=env, timeout=timeout)

    def cut(self, node: KernelNode, action: str, name: str, fatal: str) -> bool:
        """Run an action of the agent that kills itself, `kill -9`, at an event; whether that event came.

        Args:
            node: where.
            action: `start` or `stop`.
            name: of the service.
            fatal: begin of the event's line: its kind, its step, and the command's words, with blanks between.
                With `?` before it the run does not die at the event but stands still there.
        """
        return node.exec(_cut_command(action, name, fatal), timeout=OSVC_SECONDS).returncode == -signal.SIGKILL

    def cut_power(self, node: KernelNode, action: str, name: str, fatal: str) -> None:
        """Run an action of the agent and cut the node's power at an event, named as in `cut`; the node is off then.

        Raises:
            TimeoutError: the event did not come.
        """
        with OutputWatch(node.popen(_cut_command(action, name, f"?{fatal}"))) as watch:
            watch.wait_for(f"\n{fatal}", OSVC_SECONDS)
            node.kill()

    def events(self, node: KernelNode, action: str, name: str) -> list[str]:
        """Run an action of the agent, which must succeed; the lines of its events, as `cut` takes them."""
        done = node.exec(_cut_command(action, name, "never"), timeout=OSVC_SECONDS)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()

    def popen(self, node: KernelNode, *words: str, env: Mapping[str, str] | None = None) -> NodeProcess:
        """Start `osvc WORDS` in a node."""
        return node.popen([sys.executable, "-m", "opensvc_core", *words], env=env)

    def told(self, node: KernelNode, *words: str, env: Mapping[str, str] | None = None) -> str:
        """Run `osvc WORDS`, which must succeed; what it prints."""
        done = self.osvc(node, *words, env=env)
        assert done.returncode == 0, (
            f"{node.name}: osvc {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done.stdout

    def refused(self, node: KernelNode, *words: str, env: Mapping[str, str] | None = None) -> str:
        """Run `osvc WORDS`, which must not succeed; what an operator reads, on one line."""
        done = self.osvc(node, *words, env=env)
        text = " ".join((done.stdout + done.stderr).split())
        assert done.returncode != 0, f"{node.name}: osvc {' '.join(words)} succeeded: {text}"
        assert "Traceback" not in text, text
        return text

    def rows(self, node: KernelNode, name: str, env: Mapping[str, str] | None = None) -> dict[str, Row]:
        """Status of a service as a node tells it, asking no other, by rid; `avail` and `overall` are there too."""
        done = self.osvc(node, "status", name, "--local", "--format", "json", env=env)
        assert done.stdout, done.stderr
        service = json.loads(done.stdout)["services"][name]
        rows = {
            rid: Row(
                each["status"],
                tuple(note["code"] for note in each["notes"]),
                "; ".join(note["text"] for note in each["notes"]),
            )
            for rid, each in service["resources"].items()
        }
        notes = service.get("notes", [])
        codes, text = tuple(note["code"] for note in notes), "; ".join(note["text"] for note in notes)
        return {**rows, "avail": Row(service["avail"], codes, text), "overall": Row(service["overall"], codes, text)}

    def rows_of_all(self, name: str, env: Mapping[str, str] | None = None) -> list[dict[str, Row]]:
        """The same of all nodes, asked side by side, in their order."""
        with ThreadPoolExecutor() as side_by_side:
            return list(side_by_side.map(lambda node: self.rows(node, name, env), self.lab.nodes))

    def commands(self, node: KernelNode, name: str) -> list[list[str]]:
        """Command lines of the last run of a service on a node, in their order, as its journal has them."""
        (run,) = json.loads(self.told(node, "log", name, "--limit", "1", "--format", "json"))["runs"]
        found = json.loads(self.told(node, "log", name, "--run", run["id"], "--format", "json"))["commands"]
        return [command["argv"] for command in found]

    # -- services

    def write_service(self, name: str, text: str, nodes: Iterable[KernelNode] | None = None) -> None:
        """Write a service file on nodes, on all by default."""
        for node in self.lab.nodes if nodes is None else nodes:
            node.write(f"{ROOT}/etc/{name}.env", text)

    def write_launcher(self, name: str, text: str = "") -> None:
        """Write the launcher of a service without a guest on all nodes; it starts, stops and tells a status."""
        for node in self.lab.nodes:
            folder = f"{ROOT}/etc/{name}.d"
            node.write(f"{folder}/S10app", text or LAUNCHER.format(name=name), mode=0o755)
            node.sh(f"ln -sf S10app {folder}/K90app; ln -sf S10app {folder}/C10app; sync {folder}")

    def write_full_stack(self, name: str, group: str) -> None:
        """A service without a guest: group with reservation, file system, address, launchers."""
        members = " ".join(node.name for node in self.lab.nodes)
        self.write_service(
            name,
            f"[default]\nnodes = {members}\n\n[disk#1]\ntype = lvm\nvgname = {group}\nscsireserv = true\n\n"
            f"[fs#1]\ndev = /dev/{group}/data\nmnt = /srv/{name}\ntype = ext4\n\n"
            f"[ip#1]\nipname = {ADDRESS}\nipdev = eth0\n",
        )
        self.write_launcher(name)

    # -- disks

    def make_group(self, node: KernelNode, group: str, *luns: Lun, size: str = "16M", file_system: bool = True) -> None:
        """Make a volume group of shared disks with one volume, `data`, and leave it inactive and free."""
        disks = " ".join(node.devices(lun.serial)[0] for lun in luns)
        node.sh(
            f"wipefs -qa {disks}; pvcreate -q {disks}; vgcreate -q {group} {disks} --addtag {node.name};"
            f" lvcreate -q -Wn -Zn -y -n data -L {size} {group}"
        )
        if file_system:
            node.sh(f"mke2fs -q -t ext4 /dev/{group}/data")
        node.sh(f"vgchange -q -an {group}; vgchange -q --deltag {node.name} {group}")

    def registered(self, lun: Lun) -> dict[str, int]:
        """How many paths of which node the target has registered; a key that is no node's by its number."""
        names = {key: name for name, key in self.keys.items()}
        found: dict[str, int] = {}
        for key in self.lab.san.reservations(lun).keys:
            name = names.get(key, f"{key:#x}")
            found[name] = found.get(name, 0) + 1
        return found

    def holder(self, lun: Lun) -> str:
        """The node that holds a disk, as the target says; empty if it is free."""
        holder = self.lab.san.reservations(lun).holder
        names = {key: name for name, key in self.keys.items()}
        return "" if holder is None else names.get(holder.key, f"{holder.key:#x}")

    def is_active(self, node: KernelNode, group: str) -> bool:
        """Whether the node's kernel has a volume of the group."""
        return node.exec(["sh", "-c", f"ls /dev/mapper | grep -q '^{group}-'"]).returncode == 0

    def write_error(self, node: KernelNode, lun: Lun) -> str:
        """What a node that writes to a shared disk directly is told; empty if the write succeeds.

        What is written is what a block near its end holds: were it to succeed, nothing would change.
        """
        device, block = node.devices(lun.serial)[0], lun.size // 4096 - 8
        read = f"dd if={device} of=/tmp/block bs=4096 skip={block} count=1 iflag=direct status=none"
        write = f"dd if=/tmp/block of={device} bs=4096 seek={block} count=1 oflag=direct status=none"
        node.sh(read)
        done = node.exec(["sh", "-c", write])
        return done.stderr.strip() if done.returncode else ""


def _cut_command(action: str, name: str, fatal: str) -> list[str]:
    return [sys.executable, str(_CUT_RUN), action, name, fatal]
