"""`osvc node …`: what is about this node and no service; other distributions add to it."""

from typing import Annotated

import typer

from opensvc_core.cli.options import Format, FormatOption, Loud, new_app

app = new_app("This node.")

PREFIX = "node."
"""Entry points of ``opensvc.commands`` whose name begins so are subcommands of this one."""


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


def _add_others() -> None:
    """Subcommands of other distributions, loaded when this group is asked for; one that is broken fails alone."""
    from opensvc_core.cli.verbs import load_point, others
    from opensvc_core.errors import DriverLoadError

    for point in others():
        if point.name.startswith(PREFIX):
            name = point.name.removeprefix(PREFIX)
            try:
                app.add_typer(load_point(point), name=name)
            except DriverLoadError as error:
                _add_broken(name, error)


def _add_broken(name: str, error: Exception) -> None:
    """A subcommand that says what is wrong with it, whatever words follow."""
    takes_anything = {"ignore_unknown_options": True, "allow_extra_args": True}

    @app.command(name, short_help="Cannot be loaded", context_settings=takes_anything, add_help_option=False)
    def broken() -> int:
        raise error


_add_others()
