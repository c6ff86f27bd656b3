"""`osvc start`, `osvc stop`, `osvc restart`: what changes the state of services."""
# ruff: noqa: PLR0917 - the parameters of a command are its options, used or not

from typing import Annotated

import typer

from opensvc_core.cli.manner import Limits, Manner
from opensvc_core.cli.options import (
    Color,
    ColorOption,
    Format,
    FormatOption,
    Names,
    Permits,
    Rids,
    Tags,
    Verbose,
    Wait,
    new_app,
    split,
)

app = new_app()

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show steps and commands as `osvc plan` does; change nothing.")]
MaxParallel = Annotated[
    int, typer.Option("--max-parallel", metavar="N", min=0, help="Steps side by side; 0 means as many as usual.")
]
TimeLimit = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", min=0.1, help="Limit of the whole run; then the way back begins."),
]
DeclareDead = Annotated[
    list[str] | None,
    typer.Option("--declare-dead", metavar="NODE", help="Answer for it that a node is dead; refused if it shows life."),
]

START = """Bring services up: checks first, then disks, addresses, containers, applications.

Where a step fails, what this run brought up is brought down again, in reverse. Ctrl-C does the same.
"""


@app.command(
    "restart", help="Stop services, then start them, as one run.", epilog="Example: osvc restart vm188 --rid app"
)
@app.command("start", help=START, epilog="Example: osvc start vm188 --dry-run")
def start(
    context: typer.Context,
    names: Names,
    rids: Rids = None,
    tags: Tags = None,
    permit: Permits = None,
    dry_run: DryRun = False,
    wait: Wait = 60.0,
    max_parallel: MaxParallel = 0,
    timeout: TimeLimit = None,
    declare_dead: DeclareDead = None,
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Verbose = 0,
) -> int:
    """Bring services up, after a stop if the command's name says so."""
    return _run(
        str(context.command.name),
        names,
        (rids, tags),
        Limits(frozenset(permit or ()), wait, max_parallel, timeout),
        Manner(form, color, verbose),
        is_dry=dry_run,
        dead=declare_dead,
    )


@app.command(epilog="Example: osvc startstandby vm188")
def startstandby(
    names: Names,
    permit: Permits = None,
    dry_run: DryRun = False,
    wait: Wait = 60.0,
    max_parallel: MaxParallel = 0,
    timeout: TimeLimit = None,
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Verbose = 0,
) -> int:
    """Bring up the standby resources of services: those that `always_on` keeps up on this node, with what they need.

    The service may run on another node meanwhile.
    """
    return _run(
        "startstandby",
        names,
        (None, None),
        Limits(frozenset(permit or ()), wait, max_parallel, timeout),
        Manner(form, color, verbose),
        is_dry=dry_run,
    )


@app.command(epilog="Example: osvc stop vm188 --rid app")
def stop(
    names: Names,
    rids: Rids = None,
    tags: Tags = None,
    permit: Permits = None,
    dry_run: DryRun = False,
    wait: Wait = 60.0,
    max_parallel: MaxParallel = 0,
    timeout: TimeLimit = None,
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Verbose = 0,
) -> int:
    """Bring services down: applications first, then containers, addresses, disks.

    What a resource stands on stays as it is unless the resource is verified down.
    """
    return _run(
        "stop",
        names,
        (rids, tags),
        Limits(frozenset(permit or ()), wait, max_parallel, timeout),
        Manner(form, color, verbose),
        is_dry=dry_run,
    )


def _run(
    action: str,
    names: list[str],
    selection: tuple[list[str] | None, list[str] | None],
    limits: Limits,
    manner: Manner,
    *,
    is_dry: bool,
    dead: list[str] | None = None,
) -> int:
    from opensvc_core.cli.acting import act, show_plan
    from opensvc_core.cli.environment import open_here
    from opensvc_core.plan import Selection

    chosen = Selection(split(selection[0]), tuple(selection[1] or ()))
    agent = open_here()
    if is_dry:
        return show_plan(agent, action, names, chosen, manner)
    return act(agent, action, names, chosen, limits, manner, dead=dead or ())
