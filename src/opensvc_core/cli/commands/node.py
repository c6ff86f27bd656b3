"""`osvc node …`: what is about this node and no service; other distributions add to it."""

from typing import Annotated

import typer

from opensvc_core.cli.options import Format, FormatOption, Loud, new_app
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


add_others(app, "node")
