"""`osvc log --prune`: deletes what the journal need not keep, and says what that was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.cli.document import SCHEMA
from opensvc_core.cli.options import Format
from opensvc_core.cli.output import say, write, write_json
from opensvc_core.retention import measure, prune, read_keep

if TYPE_CHECKING:
    from opensvc_core.actions.agent import Agent


def prune_journal(agent: Agent, form: Format) -> int:
    """Delete, print what was deleted and how full the journal is, and give back 0.

    Raises:
        ConfigError: ``journal_days`` or ``journal_size`` cannot be read.
        JournalError: the journal cannot be written.
    """
    keep = read_keep(agent.node)
    pruned = prune(agent.journal, keep)
    usage = measure(agent.journal, keep)
    if form is Format.JSON:
        write_json(
            {
                "schema": SCHEMA,
                "node": agent.node.name,
                "runs": pruned.runs,
                "changes": pruned.changes,
                "dropped": dict(pruned.dropped),
                "size": usage.size,
                "limit": usage.limit,
                "warnings": list(usage.warnings),
            }
        )
        return 0
    used = f"{usage.size / 1e6:.1f} of {usage.limit / 1e6:.0f} MB in use"
    write(f"{agent.node.name}: {pruned.runs} runs and {pruned.changes} changes deleted, {used}\n")
    for warning in usage.warnings:
        say(f"warning: {warning}")
    return 0
