"""`osvc node …`: what is about this node and no service; other distributions add to it."""

from typing import Annotated

import typer

from opensvc_core.cli.options import Format, FormatOption, Loud, new_app
from opensvc_core.cli.subcommands import add_others

app = new_app("This node.")


@app.callback()
def node() -> None:
    """This node: its reservation key, and what other distributions add."""


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


add_others(app, "node")
