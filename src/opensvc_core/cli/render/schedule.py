"""`osvc schedule` as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

from opensvc_core.cli.render import clean
from opensvc_core.cli.words import duration, local_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from opensvc_core.cli.scheduling import JobRow

OUTCOME_STYLES = {"done": "green", "refused": "yellow", "failed": "red", "unended": "magenta"}


def job_table(rows: Sequence[JobRow], now: float) -> RenderableType:
    """One row a job; why one does not run here, and what the last run of one said, stand below.

    Args:
        rows: the jobs.
        now: seconds since the epoch.
    """
    if not rows:
        return Text("nothing is scheduled on this node")
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold", show_edge=False)
    for column in ("JOB", "SCHEDULE"):
        table.add_column(column, overflow="fold")
    for column in ("LAST", "ENDED", "NEXT"):
        table.add_column(column, no_wrap=True)
    for row in rows:
        outcome = row.last.outcome
        table.add_row(
            Text(row.job.name),
            Text(str(row.job.schedule)),
            local_time(row.last.began) or "never",
            Text(outcome, style=OUTCOME_STYLES.get(outcome, "")),
            _next(row, now),
        )
    below = [Text(f"{row.job.name}: {row.job.off}", style="dim") for row in rows if row.job.off]
    below += [
        Text(f"{row.job.name}: {clean(row.last.text)}", style=OUTCOME_STYLES.get(row.last.outcome, ""))
        for row in rows
        if row.last.text
    ]
    return Group(table, *below)


def _next(row: JobRow, now: float) -> Text:
    if row.next is None:
        return Text("off" if row.job.off else "never", style="dim")
    return Text("now" if row.next <= now else f"in {duration(row.next - now)}")
