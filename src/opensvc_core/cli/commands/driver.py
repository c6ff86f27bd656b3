"""`osvc driver list|show|check`: what is installed; other distributions add to it."""
# ruff: noqa: ARG001 - the parameters of a command are its options, used or not

from typing import Annotated

import typer

from opensvc_core.cli.options import Color, ColorOption, Format, FormatOption, Loud, new_app
from opensvc_core.cli.subcommands import add_others

app = new_app("Which drivers are installed, what they take, what they lack.")


@app.command("list", short_help="List drivers", epilog="Example: osvc driver list")
def list_(form: FormatOption = Format.TABLE, color: ColorOption = Color.AUTO, verbose: Loud = 0) -> int:
    """List drivers, reservation backends and observers: where they come from, what this node lacks for them.

    Imports none of them. Of an observer that failed in the last run that it saw, the failure is shown.
    """
    from opensvc_core.cli.drivers import show_drivers
    from opensvc_core.cli.environment import open_here

    return show_drivers(open_here().drivers(), form, color)


@app.command(short_help="Show one driver with its keywords", epilog="Example: osvc driver show container.kvm")
def show(
    driver: Annotated[str, typer.Argument(metavar="ID", help="Driver id, `container.kvm`.")],
    form: FormatOption = Format.TABLE,
    color: ColorOption = Color.AUTO,
    verbose: Loud = 0,
) -> int:
    """Show one driver: where it comes from, and every keyword that it reads."""
    from opensvc_core.cli.drivers import show_driver
    from opensvc_core.cli.environment import open_here

    return show_driver(open_here(), driver, form, color)


@app.command(short_help="Load every driver and report those that fail", epilog="Example: osvc driver check")
def check(form: FormatOption = Format.TABLE, color: ColorOption = Color.AUTO, verbose: Loud = 0) -> int:
    """Load every driver and report those that fail. Exit status 9 if any does."""
    from opensvc_core.cli.drivers import show_drivers
    from opensvc_core.cli.environment import open_here

    return show_drivers(open_here().check_drivers(), form, color)


add_others(app, "driver")
