"""`osvc start`, `osvc stop`, `osvc restart`: what changes the state of services."""
# ruff: noqa: PLR0917 - the parameters of a command are its options, used or not

import typer

from opensvc_core.cli.manner import Limits, Manner
from opensvc_core.cli.options import (
    Color,
    ColorOption,
    DeclareDead,
    DryRun,
    Format,
    FormatOption,
    MaxParallel,
    Names,
    OnNode,
    Permits,
    Rids,
    Tags,
    TimeLimit,
    Verbose,
    Wait,
    new_app,
    split,
)

app = new_app()

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
    node: OnNode = "",
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
        node=node,
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
    node: OnNode = "",
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
        node=node,
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
    node: OnNode = "",
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
        node=node,
    )


def _run(
    action: str,
    names: list[str],
    selection: tuple[list[str] | None, list[str] | None],
    limits: Limits,
    manner: Manner,
    *,
    is_dry: bool,
    node: str,
    dead: list[str] | None = None,
) -> int:
    from opensvc_core.cli.acting import act, show_plan
    from opensvc_core.cli.environment import open_here
    from opensvc_core.plan import Selection

    chosen = Selection(split(selection[0]), tuple(selection[1] or ()))
    agent = open_here()
    if node and node != agent.node.name:
        from opensvc_core.actions.on_node import Errand
        from opensvc_core.cli.on_node import act_there, show_there

        errand = Errand(node, action, tuple(names), chosen, tuple(dead or ()))
        return show_there(agent, errand, manner) if is_dry else act_there(agent, errand, limits, manner)
    if is_dry:
        return show_plan(agent, action, names, chosen, manner)
    return act(agent, action, names, chosen, limits, manner, dead=dead or ())
