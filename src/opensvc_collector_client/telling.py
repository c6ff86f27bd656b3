"""From a change of the journal to the calls that tell it, with what the node knows of the service."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from attrs import define, field

from opensvc_collector_client.payloads.actions import begin_action, end_action
from opensvc_collector_client.payloads.statuses import ServiceFacts, resmon_update, service_facts, svcmon_update
from opensvc_core.api import ChangeKind, OpenSVCError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from opensvc_collector_client.records import Call
    from opensvc_core.api import Agent, Change

MODES = frozenset({"PRD", "DEV", "TMP", "TST"})
"""Words of a host mode that a collector knows."""


@define
class Teller:
    """Tells changes of one node. Service files are read once.

    Attributes:
        agent: of the node.
    """

    agent: Agent
    _facts: dict[str, ServiceFacts] = field(factory=dict, init=False)

    def calls_of(self, change: Change) -> list[Call]:
        """The calls that tell a change. Raises JournalError, and whatever a record that cannot be told raises."""
        node = self.agent.node.name
        if change.kind == ChangeKind.STATUS:
            return self.status_calls(change.service, change.at, change.data)
        run = self.agent.feed.run(change.run_id, change.service)
        if change.kind == ChangeKind.BEGIN:
            return [begin_action(change, run, node, own_version())]
        return end_action(change, run, node)

    def status_calls(self, service: str, at: float, data: Mapping[str, Any]) -> list[Call]:
        """The calls that tell the status of a service on this node."""
        node = self.agent.node.name
        facts = self._facts_of(service)
        return [
            svcmon_update(service, at, data, facts, node, self.host_mode()),
            *resmon_update(service, at, data, node),
        ]

    def host_mode(self) -> str:
        """What this node is for, empty if nobody said."""
        try:
            word = (self.agent.node.folders.var / "host_mode").read_text(errors="replace").strip()
        except OSError:
            return ""
        return word if word in MODES else ""

    def _facts_of(self, service: str) -> ServiceFacts:
        if service not in self._facts:
            try:
                self._facts[service] = service_facts(self.agent.load(service))
            except OpenSVCError:  # its file is gone, or wrong: what it was is told with what is known
                self._facts[service] = ServiceFacts()
        return self._facts[service]


@cache
def own_version() -> str:
    """The version of this agent."""
    try:
        return version("opensvc-collector-client")
    except PackageNotFoundError:
        return "unknown"
