"""Past runs on another node, by the word of its journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.cluster.wire import reading
from opensvc_core.cluster.wire_history import command_in, run_record_in

if TYPE_CHECKING:
    from opensvc_core.actions.agent import Agent
    from opensvc_core.journal_records import CommandRecord, RunRecord

HISTORY_LIMIT = 30.0
"""Seconds for a peer to read its journal."""


def history_there(
    agent: Agent, node: str, name: str = "", limit: int = 20, run_id: str = ""
) -> tuple[list[RunRecord], list[CommandRecord]]:
    """Past runs that another node keeps, newest first, and with `run_id` the commands of that run.

    Args:
        agent: this node's.
        node: whose journal is read.
        name: of a service; empty for all that both nodes are nodes of, by the files there.
        limit: how many runs at the most; the other node bounds it at 200.
        run_id: of one run.

    Raises:
        PeerError: it cannot be asked, or gave an answer that cannot be read.
        ActionError: this node is no node of the service there.
        ServiceNotFound, ConfigError, JournalError: as that node says.
    """
    from opensvc_core.actions.peering.history import MOST_RUNS

    asked = {"service": name, "run": run_id, "limit": min(limit, MOST_RUNS)}
    answer = agent.peers.link(node).request("history", asked, timeout=HISTORY_LIMIT)
    return reading(
        "past runs",
        answer,
        lambda told: ([run_record_in(each) for each in told["runs"]], [command_in(each) for each in told["commands"]]),
    )
