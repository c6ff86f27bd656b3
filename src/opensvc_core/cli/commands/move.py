"""`osvc switch`, `migrate`, `takeover`, `giveback`, `failover`: services that go from one node to another."""
# ruff: noqa: PLR0917 - the parameters of a command are its options, used or not

from typing import Annotated

import typer

from opensvc_core.cli.manner import Limits, Manner
from opensvc_core.cli.options import (
    Color,
    ColorOption,
    DeclareDead,
    Destination,
    DryRun,
    Format,
    FormatOption,
    MaxParallel,
    Names,
    OrRestart,
    Permits,
    TimeLimit,
    Verbose,
    Wait,
    new_app,
)

app = new_app()

SWITCH = """Stop services where they run, verified, then start them on another node.

Where something fails there, it is taken back, and what was stopped is started again. While a stop cannot be verified,
nothing starts anywhere.
"""
MIGRATE = """Move running guests to another node, live.

Run where the guest is up. Disks are used by both nodes for a while, and never without a holder of their reservations;
where a step fails, the guest stays where it is. See the reference: live migration.
"""
TAKEOVER = """Bring services to this node: stopped where they run, verified, then started here.

Where something fails here, it is taken back, and what was stopped is started again. What runs nowhere is only started.
"""
GIVEBACK = """Bring services to the node that starts them at boot (`autostart_node`), as `osvc switch` does."""
FAILOVER = """Bring services to a disaster-recovery node.

On a production node that is planned: stopped there, verified, then started at the other site. On the disaster-recovery
node it acts there alone, once every production node has answered that the service is down, or was declared dead.
Nothing ever fails over to another site by itself.
"""


@app.command("takeover", help=TAKEOVER, epilog="Example: osvc takeover vm188")
@app.command("giveback", help=GIVEBACK, epilog="Example: osvc giveback vm188 --dry-run")
def bring(
    context: typer.Context,
    names: Names,
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
    """Bring services to the node that the command's name means."""
    limits = Limits(frozenset(permit or ()), wait, max_parallel, timeout)
    return _move(
        str(context.command.name), names, "", limits, Manner(form, color, verbose), declare_dead, is_dry=dry_run
    )


@app.command("switch", help=SWITCH, epilog="Example: osvc switch vm188 --to node110")
def switch(
    names: Names,
    to: Destination,
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
    """Bring services to another node."""
    limits = Limits(frozenset(permit or ()), wait, max_parallel, timeout)
    return _move("switch", names, to, limits, Manner(form, color, verbose), declare_dead, is_dry=dry_run)


@app.command("migrate", help=MIGRATE, epilog="Example: osvc migrate vm188 --to node110")
def migrate(
    names: Names,
    to: Destination,
    or_restart: OrRestart = False,
    permit: Permits = None,
    dry_run: DryRun = False,
    wait: Wait = 60.0,
    max_parallel: MaxParallel = 0,
    timeout: TimeLimit = None,
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Verbose = 0,
) -> int:
    """Move running guests to another node."""
    limits = Limits(frozenset(permit or ()), wait, max_parallel, timeout)
    manner = Manner(form, color, verbose)
    return _move("migrate", names, to, limits, manner, None, is_dry=dry_run, or_restart=or_restart)


@app.command("failover", help=FAILOVER, epilog="Example: osvc failover vm188 --declare-dead node109")
def failover(
    names: Names,
    to: Annotated[
        str, typer.Option("--to", metavar="NODE", help="The disaster-recovery node, where there are several.")
    ] = "",
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
    """Bring services to a disaster-recovery node."""
    limits = Limits(frozenset(permit or ()), wait, max_parallel, timeout)
    return _move("failover", names, to, limits, Manner(form, color, verbose), declare_dead, is_dry=dry_run)


def _move(
    verb: str,
    names: list[str],
    to: str,
    limits: Limits,
    manner: Manner,
    dead: list[str] | None,
    *,
    is_dry: bool,
    or_restart: bool = False,
) -> int:
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.moving import move_services, show_move

    agent = open_here()
    if is_dry:
        return show_move(agent, verb, names, to, dead or (), manner, or_restart=or_restart)
    return move_services(agent, verb, names, to, limits, manner, dead=dead or (), or_restart=or_restart)
