"""`osvc failback`: data and services come back from a disaster-recovery node."""
# ruff: noqa: PLR0917 - the parameters of a command are its options, used or not

from opensvc_core.cli.manner import Limits, Manner
from opensvc_core.cli.options import (
    Color,
    ColorOption,
    DryRun,
    Format,
    FormatOption,
    MaxParallel,
    Names,
    Permits,
    Source,
    TimeLimit,
    Verbose,
    Wait,
    new_app,
)

app = new_app()


@app.command(epilog="Example: osvc failback vm188 --dry-run")
def failback(
    names: Names,
    source: Source = "",
    permit: Permits = None,
    dry_run: DryRun = False,
    wait: Wait = 60.0,
    max_parallel: MaxParallel = 0,
    timeout: TimeLimit = None,
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Verbose = 0,
) -> int:
    """Take the data that were written at a disaster-recovery node back, then start services here.

    On a production node: stopped there, verified; the data pulled; started here. What fails is taken back, and what was
    stopped is started again. Refused where the copy here has a history of its own.
    """
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.moving import fail_back

    limits = Limits(frozenset(permit or ()), wait, max_parallel, timeout)
    return fail_back(open_here(), names, source, limits, Manner(form, color, verbose), is_dry=dry_run)
