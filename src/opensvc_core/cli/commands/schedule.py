"""`osvc schedule`: what this node does by itself, when, and how it last ended."""

from typing import Annotated

import typer

from opensvc_core.cli.manner import Manner
from opensvc_core.cli.options import Color, ColorOption, Format, FormatOption, Loud, new_app

app = new_app(
    """Show the jobs of this node: their schedules, when each last ran and how it ended, when it is due next.

    Schedules stand in etc/node.conf, [node] monitor_schedule, checks_schedule and sync_schedule, and in the
    services' [default] sync_schedule. `osvc schedule run`, which a timer calls, runs what is due.
    """
)


@app.callback(invoke_without_command=True)
def schedule(
    context: typer.Context,
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Loud = 0,
) -> int:
    """Show the jobs of this node."""
    if context.invoked_subcommand is not None:
        return 0
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.scheduling import show_jobs

    return show_jobs(open_here(), Manner(form, color, verbose))


@app.command(short_help="Run what is due", epilog="Example: osvc schedule run")
def run(
    verbose: Annotated[
        int,
        typer.Option("-v", "--verbose", count=True, show_default=False, help="Tell of every job, done or not."),
    ] = 0,
) -> int:
    """Run what is due now, each job as a command of its own, and end when they have ended.

    For timers and cron, each minute or each ten: one job never runs twice at once, and one that fails holds up no
    other. Says something only where a job failed; the exit status is 1 then.
    """
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.scheduling import run_due

    return run_due(open_here(), is_loud=verbose > 0)
