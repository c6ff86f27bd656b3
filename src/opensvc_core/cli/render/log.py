"""Past runs as a table, and one run with its steps and commands."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from opensvc_core.cli.render import clean, note_texts
from opensvc_core.cli.render.live import STATE_STYLES
from opensvc_core.cli.words import duration, local_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from opensvc_core.journal import CommandRecord, RunRecord, StepRecord

OUTCOME_STYLES = {
    "done": "green",
    "failed": "red",
    "cancelled": "yellow",
    "unknown": "bold magenta",
    "interrupted": "bold magenta",
}


def log_table(records: Sequence[RunRecord]) -> RenderableType:
    """One row a run and service, the newest first."""
    if not records:
        return Text("no runs in the journal")
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", show_edge=False)
    table.add_column("RUN", no_wrap=True)
    table.add_column("BEGAN", no_wrap=True)
    table.add_column("SERVICE", overflow="fold")
    table.add_column("ACTION", no_wrap=True)
    table.add_column("USER", overflow="fold")
    table.add_column("OUTCOME", no_wrap=True)
    table.add_column("TOOK", no_wrap=True)
    for record in records:
        took = duration(record.ended - record.began) if record.ended else ""
        began = local_time(record.began)
        table.add_row(record.id, began, record.service, record.action, record.user, _outcome(record), took)
    return table


def _outcome(record: RunRecord) -> Text:
    word = record.outcome or "running"
    text = Text(word, style=OUTCOME_STYLES.get(word, "cyan"))
    return text.append(" (recovered)", style="dim") if record.recovered_by else text


def run_view(
    records: Sequence[RunRecord], commands: Sequence[CommandRecord], *, has_output: bool = False
) -> RenderableType:
    """One run: a headline, then its steps, each with notes and the commands that it ran.

    Args:
        records: of the run, one a service.
        commands: of the run.
        has_output: whether all that was kept of what commands printed is shown, not only what a failure said.
    """
    first = records[0]
    parts: list[RenderableType] = [
        Text(f"run {first.id}", style="bold"),
        Text(f"began {local_time(first.began)} by {first.user}, pid {first.pid}, on {first.node}"),
        Text(f"typed {clean(shlex.join(first.argv))}"),
    ]
    for record in records:
        parts.append(Text.assemble(f"{record.action} ", (record.service, "bold"), ": ", _outcome(record)))
        for step in record.steps:
            # What ran on another node is in that node's journal.
            asked = () if step.is_elsewhere else commands
            mine = [c for c in asked if (c.service, c.rid) == (step.service, step.rid)]
            parts += _step(step, mine, has_output=has_output)
    return Group(*parts)


def _step(step: StepRecord, commands: Sequence[CommandRecord], *, has_output: bool) -> list[RenderableType]:
    # A resource that was started and taken back has two steps: a command belongs to the one that it fell into.
    mine = [c for c in commands if step.began <= c.began and (not step.ended or c.began <= step.ended)]
    took = f" after {duration(step.ended - step.began)}" if step.began and step.ended else ""
    head = Text.assemble(
        "  back: " if step.is_way_back else "  ",
        f"{step.step}: ",
        (step.state, STATE_STYLES.get(step.state, "")),
        took,
        f": {clean(step.text)}" if step.text else "",
    )
    below = note_texts(step.notes)
    for command in mine if step.began else ():
        ended = "never seen to end" if not command.ended and command.rc is None else f"status {command.rc}"
        below.append(Text(f"{command.host}$ {clean(shlex.join(command.argv))}  [{ended}]", style="cyan"))
        below += [Text(f"  {clean(said)}", style="dim") for said in _said(command, has_output=has_output)]
    return [head, *(Padding(text, (0, 0, 0, 6)) for text in below)]


def _said(command: CommandRecord, *, has_output: bool) -> list[str]:
    """Lines of what a command printed, as far as it is shown; of one that failed at least the reason, as one line."""
    if has_output:
        return [line for text in (command.stdout, command.stderr, command.error) for line in text.splitlines()]
    reason = command.error or command.stderr or command.stdout
    return [reason] if command.rc != 0 and reason.strip() else []
