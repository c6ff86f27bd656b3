"""`osvc node …`: what is about this node and no service; other distributions add to it."""

from typing import Annotated

import typer

from opensvc_core.cli.options import Color, ColorOption, Format, FormatOption, Loud, Verbose, Wait, new_app
from opensvc_core.cli.subcommands import add_others

app = new_app("This node.")


@app.callback()
def node() -> None:
    """This node: its mode, its reservation key, and what other distributions add."""


@app.command(short_help="The key of this node's SCSI reservations", epilog="Example: osvc node prkey")
def prkey(
    new: Annotated[bool, typer.Option("--new", help="Make a new key, on a node that is a clone of another.")] = False,
    form: FormatOption = Format.TABLE,
    verbose: Loud = 0,
) -> int:
    """Print the key of this node's SCSI reservations; the first call makes it.

    The other nodes know it by a line in [prkeys] of their etc/node.conf, which is printed.
    """
    del verbose
    from opensvc_core.cli.keys import tell_key

    return tell_key(form, is_new=new)


@app.command("host-mode", short_help="What this node is for", epilog="Example: osvc node host-mode PRD")
def host_mode(
    mode: Annotated[str, typer.Argument(metavar="[PRD|DEV|TMP|TST]", help="Set it; none shows it.")] = "",
    form: FormatOption = Format.TABLE,
    verbose: Loud = 0,
) -> int:
    """Show or set the mode of this node, which says what it may start, receive and trust.

    A PRD node starts only PRD services, receives data only from PRD nodes, and trusts no others.
    """
    del verbose
    from opensvc_core.cli.node_mode import set_mode, show_mode

    return set_mode(mode, form) if mode else show_mode(form)


@app.command(short_help="Refuse every action on this node", epilog="Example: osvc node freeze")
def freeze(form: FormatOption = Format.TABLE, verbose: Loud = 0) -> int:
    """Make all services of this node refuse every action until it is thawed. What runs goes on running."""
    del verbose
    from opensvc_core.cli.node_state import change_node

    return change_node("freeze", form)


@app.command(short_help="Allow actions on this node again", epilog="Example: osvc node thaw")
def thaw(form: FormatOption = Format.TABLE, verbose: Loud = 0) -> int:
    """Undo `osvc node freeze`; services that are frozen themselves stay so."""
    del verbose
    from opensvc_core.cli.node_state import change_node

    return change_node("thaw", form)


@app.command(short_help="Start nothing new here, move what runs", epilog="Example: osvc node drain --to node110")
def drain(
    to: Annotated[str, typer.Option("--to", metavar="NODE", help="Go to this node alone; else to any.")] = "",
    stop: Annotated[bool, typer.Option("--stop", help="Stop the services here instead of moving them.")] = False,
    wait: Wait = 60.0,
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Verbose = 0,
) -> int:
    """Let nothing new start on this node, then switch every service that runs here to another node of it.

    A service that no other node takes is left running and told, and the exit status is not 0. `osvc node undrain` lets
    services start here again; it moves none back.
    """
    from opensvc_core.cli.manner import Limits, Manner
    from opensvc_core.cli.node_state import drain_node

    return drain_node(to, Limits(wait=wait), Manner(form, color, verbose), is_stop=stop)


@app.command(short_help="Let services start here again", epilog="Example: osvc node undrain")
def undrain(form: FormatOption = Format.TABLE, verbose: Loud = 0) -> int:
    """Undo `osvc node drain`: services may start on this node again."""
    del verbose
    from opensvc_core.cli.node_state import change_node

    return change_node("undrain", form)


@app.command(short_help="Whether this node is frozen or drained", epilog="Example: osvc node state")
def state(form: FormatOption = Format.TABLE, verbose: Loud = 0) -> int:
    """Tell whether this node is frozen, drained, or neither."""
    del verbose
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.node_state import tell_node

    return tell_node(open_here(), form)


add_others(app, "node")
