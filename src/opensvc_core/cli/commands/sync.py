"""`osvc sync nodes|drp|all|discard`: copies of services on other nodes."""
# ruff: noqa: PLR0917 - the parameters of a command are its options, used or not

from typing import Annotated

import typer

from opensvc_core.cli.manner import Limits, Manner
from opensvc_core.cli.options import (
    Color,
    ColorOption,
    Format,
    FormatOption,
    Loud,
    Names,
    Rids,
    Tags,
    Verbose,
    Wait,
    new_app,
    split,
)

app = new_app("Replicate services to their other nodes.")

ForceDelay = Annotated[
    bool, typer.Option("--force-delay", help="Send also what was sent a moment ago (`sync_min_delay`).")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would go where, and what forbids it.")]
TimeLimit = Annotated[
    float | None, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="Limit of the whole run.")
]
MaxParallel = Annotated[
    int, typer.Option("--max-parallel", metavar="N", min=0, help="Transfers side by side; 0 means as many as usual.")
]

SEND = """Replicate to {whom}: the service's own files, then its data, to all of them side by side.

Data go out only from the node where the service is verified up. A target where it is not verified down, or whose copy
is newer, refuses. What failed for one target is told at the end, and goes on from there the next time.
"""


@app.command(
    "nodes",
    short_help="To the production nodes",
    help=SEND.format(whom="the production nodes"),
    epilog="Example: osvc sync nodes vm188",
)
@app.command(
    "drp",
    short_help="To the disaster-recovery nodes",
    help=SEND.format(whom="the disaster-recovery nodes"),
    epilog="Example: osvc sync drp vm188",
)
@app.command(
    "all", short_help="To all nodes", help=SEND.format(whom="all nodes"), epilog="Example: osvc sync all vm188"
)
def send(
    context: typer.Context,
    names: Names,
    rids: Rids = None,
    tags: Tags = None,
    force_delay: ForceDelay = False,
    dry_run: DryRun = False,
    wait: Wait = 60.0,
    max_parallel: MaxParallel = 0,
    timeout: TimeLimit = None,
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Verbose = 0,
) -> int:
    """Replicate to the nodes that the command's name says."""
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.syncing import show_replications, sync
    from opensvc_core.plan import Selection

    chosen = Selection(split(rids), tuple(tags or ()))
    word, manner, agent = str(context.command.name), Manner(form, color, verbose), open_here()
    if dry_run:
        return show_replications(agent, word, names, chosen, manner, is_forced=force_delay)
    limits = Limits(frozenset(), wait, max_parallel, timeout)
    return sync(agent, word, names, chosen, limits, manner, is_forced=force_delay)


@app.command(short_help="Give the copy here up", epilog="Example: osvc sync discard vm188")
def discard(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A service.")],
    config: Annotated[bool, typer.Option("--config", help="Its service file, and not its data.")] = False,
    wait: Wait = 60.0,
    verbose: Loud = 0,
) -> int:
    """Give up this node's copy of a service's data: from now on that of any other node is newer, and replaces it.

    The answer to two histories: run it on the node whose copy is to be lost. Nothing is deleted by it.
    """
    del verbose
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.syncing import discard_copy

    return discard_copy(open_here(), name, wait, is_config=config)
