"""`osvc plan VERB`: what an action would do."""
# ruff: noqa: ARG001 - the parameters of a command are its options, used or not

from typing import Annotated

import typer

from opensvc_core.cli.options import (
    AnyNames,
    Color,
    ColorOption,
    DeclareDead,
    DrainLive,
    DrainStop,
    DrainTo,
    Format,
    FormatOption,
    Loud,
    Names,
    OnNode,
    OrRestart,
    Rids,
    Source,
    Tags,
    new_app,
    split,
)

app = new_app("Show what an action would do, step by step with its commands, and change nothing.")


@app.command(
    "restart",
    help="Show what a restart would do: the stop, then the start.",
    short_help="What a restart would do",
    epilog="Example: osvc plan restart vm188 --rid app",
)
@app.command(
    "stop",
    help="Show what a stop would do: the order of the steps, and the commands as far as they can be known before.",
    short_help="What a stop would do",
    epilog="Example: osvc plan stop vm188",
)
@app.command(
    "startstandby",
    help="Show what would bring up standby resources, and what they stand on.",
    short_help="What a startstandby would do",
    epilog="Example: osvc plan startstandby vm188",
)
@app.command(
    "start",
    help="Show what a start would do: the order of the steps, and the commands as far as they can be known before.",
    short_help="What a start would do",
    epilog="Example: osvc plan start vm188 --format json",
)
def plan(
    context: typer.Context,
    names: Names,
    rids: Rids = None,
    tags: Tags = None,
    node: OnNode = "",
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Loud = 0,
) -> int:
    """Show what the action of the command's name would do."""
    from opensvc_core.cli.acting import show_plan
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.manner import Manner
    from opensvc_core.plan import Selection

    selection, agent, verb = Selection(split(rids), tuple(tags or ())), open_here(), str(context.command.name)
    if node and node != agent.node.name:
        from opensvc_core.actions.on_node import Errand
        from opensvc_core.cli.on_node import show_there

        return show_there(agent, Errand(node, verb, tuple(names), selection), Manner(form, color))
    return show_plan(agent, verb, names, selection, Manner(form, color))


@app.command(
    "takeover",
    help="Show what a takeover would do: the stop where the services run, then the start here.",
    short_help="What a takeover would do",
    epilog="Example: osvc plan takeover vm188",
)
@app.command(
    "giveback",
    help="Show what a giveback would do: the stop where the services run, then the start on their boot node.",
    short_help="What a giveback would do",
    epilog="Example: osvc plan giveback vm188",
)
@app.command(
    "switch",
    help="Show what a switch would do: the stop where the services run, then the start on the other node.",
    short_help="What a switch would do",
    epilog="Example: osvc plan switch vm188 --to node110",
)
@app.command(
    "migrate",
    help="Show what a live migration would do, on both nodes.",
    short_help="What a migration would do",
    epilog="Example: osvc plan migrate vm188 --to node110",
)
@app.command(
    "failover",
    help="Show what a fail-over to a disaster-recovery node would do.",
    short_help="What a failover would do",
    epilog="Example: osvc plan failover vm188",
)
def plan_move(
    context: typer.Context,
    names: Names,
    to: Annotated[
        str, typer.Option("--to", metavar="NODE", help="With switch, migrate and failover: the node to go to.")
    ] = "",
    or_restart: OrRestart = False,
    declare_dead: DeclareDead = None,
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Loud = 0,
) -> int:
    """Show what the move of the command's name would do."""
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.manner import Manner
    from opensvc_core.cli.moving import show_move

    verb, manner = str(context.command.name), Manner(form, color)
    return show_move(open_here(), verb, names, to, declare_dead or (), manner, or_restart=or_restart)


@app.command(
    "failback",
    help="Show what a fail-back would do: the stop there, the data that come back, the start here.",
    short_help="What a failback would do",
    epilog="Example: osvc plan failback vm188",
)
def plan_failback(
    names: Names,
    source: Source = "",
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Loud = 0,
) -> int:
    """Show what a fail-back would do."""
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.manner import Limits, Manner
    from opensvc_core.cli.moving import fail_back

    return fail_back(open_here(), names, source, Limits(), Manner(form, color), is_dry=True)


@app.command(
    "boot",
    help="Show what a boot of this node would do: what is cleaned, what starts, which standby resources.",
    short_help="What a boot of this node would do",
    epilog="Example: osvc plan boot",
)
@app.command(
    "shutdown",
    help="Show what a shutdown of this node would do: everything stops, children before their parents.",
    short_help="What a shutdown of this node would do",
    epilog="Example: osvc plan shutdown",
)
def plan_rounds(
    context: typer.Context,
    names: AnyNames = None,
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Loud = 0,
) -> int:
    """Show what the command of that name would do on this node."""
    from opensvc_core.cli.booting import tell_rounds
    from opensvc_core.cli.manner import Limits, Manner

    verb = str(context.command.name)
    return tell_rounds(
        verb,
        Limits(),
        Manner(form, color),
        lambda agent, options: (agent.boot if verb == "boot" else agent.shutdown)(options, names or (), is_dry=True),
    )


@app.command(
    "drain",
    help="Show where `osvc node drain` would bring each service that runs here, as things stand now.",
    short_help="What `osvc node drain` would do",
    epilog="Example: osvc plan drain --live",
)
def plan_drain(
    to: DrainTo = "",
    live: DrainLive = False,
    stop: DrainStop = False,
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Loud = 0,
) -> int:
    """Show what `osvc node drain` would do."""
    from opensvc_core.cli.manner import Limits, Manner
    from opensvc_core.cli.node_state import drain_node

    return drain_node(to, Limits(), Manner(form, color), is_stop=stop, is_live=live, is_dry=True)
