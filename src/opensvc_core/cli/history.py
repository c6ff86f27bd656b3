"""What `osvc log` prints: runs from the journal, and one run with its steps and commands."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.cli.document import SCHEMA, Document, moment, record_document
from opensvc_core.cli.options import Format
from opensvc_core.cli.output import write, write_json
from opensvc_core.errors import OpenSVCError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.cli.manner import Manner
    from opensvc_core.journal import CommandRecord, RunRecord

MOST_SERVICES = 1000
"""Services that one run may have been about."""


@frozen
class Wanted:
    """What of the past is asked for.

    Attributes:
        service: of which service; empty for all. One that has a past here need not have a file any more.
        run_id: one run; empty for a list.
        limit: how many runs at the most.
        node: whose journal is read; empty for this node's.
    """

    service: str = ""
    run_id: str = ""
    limit: int = 20
    node: str = ""


def show_log(agent: Agent, wanted: Wanted, manner: Manner) -> int:
    """Print past runs and give back 0.

    Args:
        agent: of this node.
        wanted: what is asked for.
        manner: how it is printed; from verbosity 1 on, one run with what its commands printed.

    Raises:
        OpenSVCError: there is no such run.
        JournalError: the journal cannot be read.
        PeerError: the other node cannot be asked.
    """
    records, commands = _read(agent, wanted)
    if wanted.run_id:
        return _show_run(records, commands, wanted, manner)
    if manner.form is Format.JSON:
        write_json({"schema": SCHEMA, "runs": [record_document(record) for record in records]})
    elif manner.form is Format.PLAIN:
        from opensvc_core.cli.plain import log_lines

        write(log_lines(records))
    else:
        from opensvc_core.cli.render import to_text
        from opensvc_core.cli.render.log import log_table
        from opensvc_core.cli.terminal import wants_color

        write(to_text(log_table(records), has_color=wants_color(manner.color)))
        if not wanted.node:
            _warn(agent)
    return 0


def _warn(agent: Agent) -> None:
    """Say on standard error what is amiss with the journal itself, before something of it is dropped, and after."""
    from opensvc_core.cli.output import say

    for warning in agent.journal_usage().warnings:
        say(f"warning: {warning}")


def _read(agent: Agent, wanted: Wanted) -> tuple[Sequence[RunRecord], Sequence[CommandRecord]]:
    if wanted.node and wanted.node.lower() != agent.node.name.lower():
        from opensvc_core.actions.history_there import history_there

        try:
            return history_there(agent, wanted.node, wanted.service, wanted.limit, wanted.run_id)
        finally:
            agent.peers.close()
    if not wanted.run_id:
        return agent.history(wanted.service, wanted.limit), ()
    records = agent.history(wanted.service, MOST_SERVICES, run_id=wanted.run_id)
    return records, agent.commands(records[0].id) if records else ()


def _show_run(records: Sequence[RunRecord], commands: Sequence[CommandRecord], wanted: Wanted, manner: Manner) -> int:
    """One run: a record for each of its services, with steps and commands."""
    if not records:
        where = f" of {wanted.node}" if wanted.node else ""
        hint = f"`osvc log{f' --node {wanted.node}' if wanted.node else ''}` lists the runs"
        raise OpenSVCError(f"no run {wanted.run_id!r} in the journal{where}", code="run_not_found", hint=hint)
    if manner.form is Format.JSON:
        document = {
            "schema": SCHEMA,
            "runs": [record_document(record) for record in records],
            "commands": [command_document(command) for command in commands],
        }
        write_json(document)
        return 0
    if manner.form is Format.PLAIN:
        write(_run_lines(records, commands, has_output=manner.verbosity > 0))
        return 0
    from opensvc_core.cli.render import to_text
    from opensvc_core.cli.render.log import run_view
    from opensvc_core.cli.terminal import wants_color

    view = run_view(records, commands, has_output=manner.verbosity > 0)
    write(to_text(view, has_color=wants_color(manner.color)))
    return 0


def command_document(command: CommandRecord) -> Document:
    """A command of a run."""
    return {
        "id": command.id,
        "service": command.service,
        "rid": command.rid,
        "host": command.host,
        "argv": list(command.argv),
        "changes": command.changes,
        "began": moment(command.began),
        "ended": moment(command.ended),
        "seconds": round(command.ended - command.began, 3) if command.ended else None,
        "rc": command.rc,
        "stdout": command.stdout,
        "stderr": command.stderr,
        "error": command.error,
    }


def _run_lines(records: Sequence[RunRecord], commands: Sequence[CommandRecord], *, has_output: bool) -> str:
    """A line a run, then ``step``, ``command`` and, if wished for, ``stdout`` and ``stderr`` lines."""
    from opensvc_core.cli.plain import line, log_lines
    from opensvc_core.cli.words import local_time

    lines = [log_lines(records)]
    for record in records:
        for step in record.steps:
            word = "back" if step.is_way_back else "step"
            times = (local_time(step.began), local_time(step.ended))
            lines.append(line(word, step.step, step.state, *times, step.text, step.node))
    for command in commands:
        rc = "" if command.rc is None else command.rc
        about = f"{command.service}/{command.rid}"
        lines.append(line("command", about, command.host, rc, shlex.join(command.argv)))
        for stream, text in (("stdout", command.stdout), ("stderr", command.stderr)) if has_output else ():
            lines += [line(stream, about, command.host, each) for each in text.splitlines()]
    return "".join(lines)
