"""What `osvc sync` does: plans what goes where, shows it or runs it, and tells how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opensvc_core.cli.options import Format
from opensvc_core.cli.output import say, write, write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.replications import Replications
    from opensvc_core.cli.manner import Limits, Manner
    from opensvc_core.cli.telling import Teller
    from opensvc_core.clock import Cancel
    from opensvc_core.plan import Selection
    from opensvc_core.run import Run

VETOED = 4
"""Exit status where a dry run has found what forbids the run."""


def sync(
    agent: Agent,
    word: str,
    names: Sequence[str],
    selection: Selection,
    limits: Limits,
    manner: Manner,
    *,
    is_forced: bool,
) -> int:
    """Replicate services and give back the exit status.

    Args:
        agent: of this node.
        word: ``nodes``, ``drp`` or ``all``.
        names: names or globs, at least one.
        selection: which resources.
        limits: what bounds the run.
        manner: how it is told.
        is_forced: whether the shortest delay between two is passed over.

    Raises:
        OpenSVCError: nothing was begun.
    """
    from opensvc_core.actions.execute import RunOptions
    from opensvc_core.actions.replications import plan_replications
    from opensvc_core.actions.send_replications import run_replications
    from opensvc_core.cli.acting import load_or_fail, run_and_tell

    replications = plan_replications(agent, word, load_or_fail(agent, names), selection, is_forced=is_forced)

    def run(cancel: Cancel, teller: Teller) -> Run:
        options = RunOptions(
            cancel=cancel,
            on_event=teller.on_event,
            wait=limits.wait,
            max_parallel=limits.max_parallel,
            time_limit=limits.time_limit,
        )
        return run_replications(agent, replications, options)

    return run_and_tell(replications.plan(), run, manner)


def show_replications(
    agent: Agent, word: str, names: Sequence[str], selection: Selection, manner: Manner, *, is_forced: bool
) -> int:
    """Print what would go where, and what forbids it; give back 0, or 4 if something does."""
    from opensvc_core.actions.replications import plan_replications
    from opensvc_core.cli.acting import load_or_fail

    replications = plan_replications(agent, word, load_or_fail(agent, names), selection, is_forced=is_forced)
    document = _document(agent, replications)
    if manner.form is Format.JSON:
        write_json(document)
    elif manner.form is Format.PLAIN:
        from opensvc_core.cli.plain import line

        write("".join(line("step", s["id"], " ".join(s["sources"]), s["destination"]) for s in document["steps"]))
        write("".join(line("veto", v["code"], v["subject"], v["reason"]) for v in document["vetoes"]))
        write("".join(line("note", n["severity"], n["code"], n["text"]) for n in document["notes"]))
    else:
        write("".join(_table_lines(document)))
    return VETOED if document["vetoes"] else 0


def _document(agent: Agent, replications: Replications) -> dict[str, Any]:
    from opensvc_core.actions.replication_rules import look
    from opensvc_core.cli.document import SCHEMA

    replications, vetoes = look(agent, replications)
    return {
        "schema": SCHEMA,
        "action": replications.action,
        "steps": [
            {
                "id": way.step_id,
                "target": way.target,
                "sources": list(way.copy.sources),
                "destination": way.copy.destination,
            }
            for way in replications.ways
        ],
        "vetoes": [
            {"code": veto.code, "subject": veto.subject, "reason": veto.reason, "hint": veto.hint} for veto in vetoes
        ],
        "notes": [
            {"severity": note.severity.value, "code": note.code, "text": note.text} for note in replications.notes
        ],
    }


def _table_lines(document: dict[str, Any]) -> list[str]:
    lines = [f"{document['action']}: {len(document['steps'])} transfers\n"]
    for number, step in enumerate(document["steps"], 1):
        what = " ".join(step["sources"])
        lines.append(f"  {number}. {step['id']}" + (f": {what} into {step['destination']}\n" if what else "\n"))
    lines += [f"# {note['text']}\n" for note in document["notes"]]
    for veto in document["vetoes"]:
        lines.append(f"forbidden: {veto['subject']}: {veto['reason']} [{veto['code']}]\n")
        lines += [f"  {veto['hint']}\n"] if veto["hint"] else []
    return lines


def discard_copy(agent: Agent, name: str, wait: float, *, is_config: bool) -> int:
    """Give up the copy of a service on this node; give back 0.

    Raises:
        OpenSVCError: it is not verified down here, or a run is under way: nothing was changed.
    """
    from opensvc_core.actions.discard import discard

    service = agent.find([name])[0]
    discard(agent, service, wait, is_config=is_config)
    what = "service file" if is_config else "copy of its data"
    say(f"{service}: the {what} on {agent.node.name} gives way to any other node's from now on")
    return 0


def diff_config(agent: Agent, name: str, node: str, form: Format) -> int:
    """Print how a service file differs from that of another node; give back 0 if it does not, else 1.

    Raises:
        PeerError: the other node cannot be asked.
        OpenSVCError: it has no such service.
    """
    from opensvc_core.actions.drift import compare_config

    found = compare_config(agent, agent.find([name])[0], node)
    if form is Format.JSON:
        from opensvc_core.cli.document import SCHEMA

        write_json({"schema": SCHEMA, "service": found.service, "node": node, "order": found.order, "diff": found.diff})
    else:
        write("".join(found.diff))
        if found.diff and form is Format.TABLE:
            say(found.advice)
    return 1 if found.diff else 0
