"""A cluster of bare nodes with the agent and LXC on them: how it is asked and told, and what its journals say."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType
from typing import Any, TypeVar

import attrs

from opensvc_core.clock import SystemClock
from opensvc_core.journal import Journal, RunRecord
from tests.lab.cluster.oracle import running
from tests.lab.cluster.standstill import Standstill
from tests.lab.lxc import LAUNCHERS, Containers
from tests.lab.nodes import Lab, Node
from tests.lab.processes import NodeProcess
from tests.lab.specification import TOOLS, environment

ROOT = "/opt/opensvc"
ROOT_MIB = 24
"""Size of the file system that each node has at `ROOT`."""
OSVC_SECONDS = 120.0
LAUNCHER = """\
#!/bin/sh
case $1 in
start) echo started >>/var/log/db; touch /run/db;;
stop) rm -f /run/db;;
status) test -e /run/db;;
esac
"""
# Nodes of a busy machine take seconds to say hello.
T = TypeVar("T")
_LIMITS = "[limits]\npeer = 10\nsilence = 5\nstatus = 5\nchecks = 5\nlate_start = 1\nleft_over = 5\nsettle = 3\n"


@attrs.define
class Cluster:
    """Nodes of a lab, each with keys of its own, LXC, the agent at `/opt/opensvc` on a small file system of its own.

    Attributes:
        lab: they belong to.
    """

    lab: Lab

    @classmethod
    def up(cls, count: int, *, small: Mapping[str, int] = MappingProxyType({ROOT: ROOT_MIB})) -> Cluster:
        """`count` nodes, all on, that know nobody; a context, which takes them down."""
        cluster = cls(Lab.up(count, is_bare=True, small=small))
        try:
            for node in cluster.nodes:
                Standstill.install(node)
        except BaseException:
            cluster.lab.down()
            raise
        return cluster

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.lab.down()

    @property
    def nodes(self) -> list[Node]:
        """The nodes, `node1` first."""
        return self.lab.nodes

    def others(self, node: Node) -> list[Node]:
        """All nodes but one."""
        return [other for other in self.nodes if other is not node]

    # -- the agent

    def argv(self, *words: str) -> list[str]:
        """The command line of `osvc WORDS` before anything was installed on a node."""
        # Whoever runs the tests in the background of a shell ignores SIGINT, and what is ignored stays so.
        return ["env", "--default-signal=INT,HUP", sys.executable, "-m", "opensvc_core", *words]

    def environment(self) -> dict[str, str]:
        """The environment of the agent when an operator runs it, as sshd gives it to the agent of a peer."""
        return {"PATH": f"{TOOLS}:{environment()['PATH']}"}

    def osvc(self, node: Node, *words: str, timeout: float = OSVC_SECONDS) -> subprocess.CompletedProcess[str]:
        """Run `osvc WORDS` in a node and wait for it. Raises subprocess.TimeoutExpired."""
        return node.exec(self.argv(*words), env=self.environment(), timeout=timeout)

    def popen(self, node: Node, *words: str) -> NodeProcess:
        """Start `osvc WORDS` in a node."""
        return node.popen(self.argv(*words), env=self.environment())

    def told(self, node: Node, *words: str) -> str:
        """Run `osvc WORDS`, which must succeed; what it prints."""
        done = self.osvc(node, *words)
        assert done.returncode == 0, (
            f"{node.name}: osvc {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done.stdout

    def refused(self, node: Node, *words: str) -> str:
        """Run `osvc WORDS`, which must not succeed; what an operator reads, on one line."""
        done = self.osvc(node, *words)
        text = " ".join((done.stdout + done.stderr).split())
        assert done.returncode != 0, f"{node.name}: osvc {' '.join(words)} succeeded: {text}"
        assert "Traceback" not in text, text
        return text

    def document(self, node: Node, *words: str) -> Any:
        """What `osvc WORDS --format json` prints, whatever its exit status."""
        done = self.osvc(node, *words, "--format", "json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def status(self, node: Node, name: str) -> dict[str, Any]:
        """The status of a service as a node has it, asked of its own platforms only."""
        found: dict[str, Any] = self.document(node, "status", name, "--local")["services"][name]
        return found

    def last_run(self, node: Node, name: str) -> dict[str, Any] | None:
        """The newest run of a service in the journal of a node, if there is any."""
        runs: list[dict[str, Any]] = self.document(node, "log", name, "--limit", "1")["runs"]
        return runs[0] if runs else None

    def journal(self, node: Node, name: str) -> list[RunRecord]:
        """All runs of a service in the journal of a node, newest first, read past the agent there."""
        journal = Journal(node.small_disk(ROOT) / "var/journal.db", SystemClock())
        try:
            return journal.history(name, 10_000)
        finally:
            journal.close()

    def commands(self, node: Node, run_id: str, name: str) -> list[dict[str, Any]]:
        """The commands of a run in the journal of a node."""
        found: list[dict[str, Any]] = self.document(node, "log", name, "--run", run_id)["commands"]
        return found

    def be_quick(self, more: str = "") -> None:
        """Have no node wait long for what does not answer; `more` are further sections of its settings."""
        for node in self.nodes:
            node.write(f"{ROOT}/etc/node.conf", _LIMITS + more, mode=0o600)

    def side_by_side(self, do: Callable[[Node], T]) -> dict[str, T]:
        """Do something in all nodes at once; by node what it gave. Raises what the first of them raised."""
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            return dict(zip([node.name for node in self.nodes], pool.map(do, self.nodes), strict=True))

    # -- services

    def give(self, name: str) -> None:
        """Make a guest of that name and its service on all nodes, unless they have them."""
        if self.nodes[0].exec(["test", "-e", f"{ROOT}/etc/{name}.env"]).returncode:
            self.define_guest(name)
            self.write_service(name, service_text([node.name for node in self.nodes]))

    def define_guest(self, name: str, nodes: Iterable[Node] | None = None, *, address: str = "") -> None:
        """Make a container of that name on nodes, on all by default, with a launcher in it."""
        for node in self.nodes if nodes is None else nodes:
            containers = Containers(node)
            containers.define(name, address=address)
            script = f"/var/lib/lxc/{name}/rootfs/{LAUNCHERS}"
            node.write(f"{script}/S10db", LAUNCHER, mode=0o755)
            node.exec(["sh", "-ec", f"cd {script}; ln -sf S10db K10db; ln -sf S10db C10db"], check=True)

    def write_service(self, name: str, text: str, nodes: Iterable[Node] | None = None) -> None:
        """Write a service file on nodes, on all by default."""
        for node in self.nodes if nodes is None else nodes:
            node.write(f"{ROOT}/etc/{name}.env", text)

    # -- the truth

    def running(self, name: str) -> list[str]:
        """Nodes on which LXC itself says that a guest runs; a node without power runs nothing."""
        return [node.name for node in self.nodes if node.is_on and running(node, name)]


def service_text(nodes: Sequence[str], drpnodes: Sequence[str] = (), *, more: str = "") -> str:
    """A service of one container of its own name, with an application, and short limits."""
    drp = f"drpnodes = {' '.join(drpnodes)}\n" if drpnodes else ""
    return (
        f"[default]\nservice_type = PRD\nnodes = {' '.join(nodes)}\n{drp}autostart_node = {nodes[0]}\n{more}\n"
        "[container#0]\ntype = lxc\nstart_timeout = 6\nstop_timeout = 10\n\n[app#0]\ntype = launchers\n"
    )
