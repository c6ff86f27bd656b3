"""`osvc config create|show|validate`: service files."""
# ruff: noqa: ARG001 - the parameters of a command are its options, used or not

from pathlib import Path
from typing import Annotated

import typer

from opensvc_core.cli.options import AnyNames, Format, FormatOption, Loud, new_app

app = new_app("Create, show, check and compare service files.")

ForNode = Annotated[str, typer.Option("--for", metavar="NODE", help="Read the file as this node would.")]


@app.command(short_help="Make the files of a service", epilog="Example: osvc config create vm188 --from ./vm188.env")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the new service.")],
    source: Annotated[
        str, typer.Option("--from", metavar="FILE", help="Service file to take; `-` reads standard input.")
    ] = "",
    verbose: Loud = 0,
) -> int:
    """Make the three files of a service: etc/NAME, etc/NAME.env, etc/NAME.d. All of them, or none.

    Without --from the service file is a template with comments.
    """
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.files import create_files

    return create_files(open_here(), name, source)


@app.command(short_help="Show a service file", epilog="Example: osvc config show vm188 --format json")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A service.")],
    node: ForNode = "",
    form: FormatOption = Format.PLAIN,
    verbose: Loud = 0,
) -> int:
    """Show a service file: plain as it is, table and json as this node understands it, defaults filled in."""
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.files import show_file

    return show_file(open_here(node=node or None), name, form)


@app.command(short_help="Check service files", epilog="Example: osvc config validate vm188 --for node110")
def validate(
    names: AnyNames = None,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Check this file instead of files of this node.")
    ] = None,
    node: ForNode = "",
    form: FormatOption = Format.TABLE,
    verbose: Loud = 0,
) -> int:
    """Check service files, all problems at once, each with file, line, section and keyword. Changes nothing."""
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.files import validate_files

    return validate_files(open_here(node=node or None), names or (), source, form)


@app.command(short_help="Compare with another node", epilog="Example: osvc config diff vm188 --node node110")
def diff(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A service.")],
    node: Annotated[str, typer.Option("--node", metavar="NODE", help="The node to compare with.")],
    form: FormatOption = Format.TABLE,
    verbose: Loud = 0,
) -> int:
    """Show how the service file here differs from another node's, and which of them is newer. Ends with 1 if it does.

    `osvc sync all NAME --rid sync#i0` on the node that has the newer one makes them the same.
    """
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.syncing import diff_config

    return diff_config(open_here(), name, node, form)
