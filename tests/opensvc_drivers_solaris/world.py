"""A simulated Solaris node with an agent on it: services are written as files, and acted on as an operator does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import define, field

from opensvc_core.actions.agent import Agent
from opensvc_core.actions.opening import open_agent
from opensvc_core.actions.perform import Performer
from opensvc_core.api import Context
from opensvc_core.model import Evidence, Phase, Service, StatusReport
from opensvc_core.plan import Plan, Selection
from opensvc_core.run import Run
from opensvc_core.status import ServiceStatus
from opensvc_testkit.platforms.disks import SimulatedDisks
from opensvc_testkit.platforms.solaris import PLATFORM, SUNOS, SimulatedSolaris
from opensvc_testkit.simulated import SimulatedCluster

PATH = "/usr/bin:/bin"


@define
class Site:
    """Two nodes of Solaris, ``n1`` and ``n2``, and what is installed on them.

    Attributes:
        cluster: the simulated one.
        folder: of the test.
        release: of Solaris on both nodes.
    """

    cluster: SimulatedCluster
    folder: Path
    release: str = "11.4"
    solaris: SimulatedSolaris = field(init=False)
    disks: SimulatedDisks = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.solaris = SimulatedSolaris(self.cluster)
        self.disks = SimulatedDisks(self.cluster)
        for number, name in enumerate(("n1", "n2"), start=1):
            self.solaris.define_node(name, f"10.0.0.{number}", release=self.release)
            self.cluster.install(self.bin(name), node=name, platforms=(PLATFORM,))

    def bin(self, node: str) -> Path:
        """Where the executables of a node are."""
        return self.folder / f"bin-{node}"

    def root(self, node: str) -> Path:
        """The root folder of a node's agent."""
        return self.folder / f"opensvc-{node}"

    def add_disk(self, identity: str, device: str = "c0t1d0") -> None:
        """A disk that both nodes see."""
        files = [f"/dev/rdsk/{device}s2"]
        self.disks.add(identity, {"n1": files, "n2": files})

    def agent(self, node: str = "n1") -> Agent:
        """The agent of a node."""
        self.cluster.prepare_root(self.root(node))
        return open_agent(
            self.root(node), node, path=f"{self.bin(node)}:{PATH}", os_name=SUNOS, user="tester", argv=("test",)
        )

    def write(self, name: str, text: str, node: str = "n1") -> Service:
        """A service file, read by a node."""
        agent = self.agent(node)
        (self.root(node) / "etc" / f"{name}.env").write_text(text)
        return agent.load(name)

    def run(
        self,
        action: str,
        service: Service,
        node: str = "n1",
        *,
        selection: Selection | None = None,
        permits: Sequence[str] = (),
        evidence: Sequence[Evidence] = (),
    ) -> Run:
        """Do an action on a node. Raises Vetoed."""
        agent = self.agent(node)
        plan = agent.plan(action, [service], selection)
        return agent.run(plan, permits=frozenset(permits), evidence=evidence)

    def context(self, service: Service, node: str = "n1", action: str = "status") -> Context:
        """What a hook is handed that only asks."""
        performer = Performer(self.agent(node), Plan(action, (service,), {}, ()), {}, "", lambda _: None)
        return performer.reading_context(action)

    def status(self, service: Service, node: str = "n1") -> ServiceStatus:
        """State of a service on a node."""
        return self.agent(node).status([service])[service.name]

    def reports(self, service: Service, node: str = "n1") -> Mapping[str, StatusReport]:
        """What the drivers answered, by rid; without replication, which no start or stop is about."""
        return {
            item.resource.rid: item.report
            for item in self.status(service, node).resources
            if item.resource.phase is not Phase.REPLICATION
        }

    def words(self, service: Service, node: str = "n1") -> dict[str, str]:
        """The status words, by rid."""
        return {rid: report.status.value for rid, report in self.reports(service, node).items()}

    def commands(self, *names: str, node: str = "n1") -> list[str]:
        """Calls of executables on a node so far, as typed."""
        return [
            " ".join((call.command, *call.arguments))
            for call in self.cluster.calls()
            if call.node == node and call.command in names
        ]


def said(report: StatusReport) -> str:
    """The notes of a report on one line."""
    return "; ".join(note.text for note in report.notes)


def failures(run: Run) -> str:
    """What went wrong in a run, for the message of an assertion."""
    return "; ".join(f"{each.step.id}: {each.state.value}: {each.text}" for each in (*run.results, *run.rollback))
