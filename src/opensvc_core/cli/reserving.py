"""What `osvc reservation` and the verbs of 2010 for it share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.cli.options import Format
from opensvc_core.cli.output import write, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.reservations import DiskRow
    from opensvc_core.cli.manner import Limits, Manner
    from opensvc_core.cli.telling import Teller
    from opensvc_core.clock import Cancel
    from opensvc_core.run import Run


def show_disks(names: Sequence[str], manner: Manner, agent: Agent | None = None) -> int:
    """Print who holds the disks of services; 6 if that cannot be told of one."""
    from opensvc_core.actions.reservations import show_reservations
    from opensvc_core.cli.acting import load_or_fail
    from opensvc_core.cli.environment import open_here
    from opensvc_core.errors import ExitStatus

    agent = agent or open_here()
    rows = show_reservations(agent, load_or_fail(agent, names))
    if manner.form is Format.JSON:
        from attrs import asdict

        document = {"schema": 1, "node": agent.node.name, "disks": [asdict(row) for row in rows]}
        write_json(document)
    elif manner.form is Format.PLAIN:
        fields = (
            (r.service, r.rid, r.device, r.identity, r.holder, r.holder_node, ",".join(r.registered), r.problem)
            for r in rows
        )
        write("".join("\t".join(row) + "\n" for row in fields))
    else:
        write("".join(_lines(row) for row in rows) or "nothing is reserved\n")
    return int(ExitStatus.UNKNOWN) if any(row.problem for row in rows) else 0


def _lines(row: DiskRow) -> str:
    """A disk in two lines of at most 80 columns, but for its names."""
    head = f"{row.service} {row.rid} {row.device} {row.identity}".rstrip()
    if row.problem:
        return f"{head}\n    cannot tell: {row.problem}\n"
    held = f"held by {row.holder_node or 'an unknown node'} ({row.holder})" if row.holder else "free"
    keys = ", ".join(row.registered) or "nobody"
    return f"{head}\n    {held}; registered: {keys}\n"


def act_on_disks(
    action: str,
    names: Sequence[str],
    limits: Limits,
    manner: Manner,
    *,
    dead: Sequence[str] | None = None,
    agent: Agent | None = None,
) -> int:
    """Take, release or clear, told like every run, and give back its exit status."""
    from opensvc_core.actions.declare import declare_dead
    from opensvc_core.actions.reservations import reservation_plan
    from opensvc_core.cli.acting import load_or_fail, run_and_tell
    from opensvc_core.cli.environment import open_here

    agent = agent or open_here()
    services = load_or_fail(agent, names)
    plan = reservation_plan(agent, action, services)
    evidence = declare_dead(agent, services, dead or ())

    def run(cancel: Cancel, teller: Teller) -> Run:
        return agent.run(
            plan, permits=limits.permits, evidence=evidence, cancel=cancel, on_event=teller.on_event, wait=limits.wait
        )

    return run_and_tell(plan, run, manner)
