"""Subcommands that other distributions add to a group of this one: entry points named ``node.lvm``, ``driver.new``."""

import typer

from opensvc_core.cli.verbs import load_point, others
from opensvc_core.errors import DriverLoadError


def add_others(app: typer.Typer, group: str) -> None:
    """Add those of a group, loaded when the group is asked for; one that is broken fails alone.

    A typer app becomes a group of its own, a function a command.
    """
    for point in others():
        if not point.name.startswith(f"{group}."):
            continue
        name = point.name.removeprefix(f"{group}.")
        try:
            loaded = load_point(point)
        except DriverLoadError as error:
            _add_broken(app, name, error)
            continue
        if isinstance(loaded, typer.Typer):
            app.add_typer(loaded, name=name)
        else:
            app.command(name)(loaded)


def _add_broken(app: typer.Typer, name: str, error: Exception) -> None:
    """A subcommand that says what is wrong with it, whatever words follow."""
    takes_anything = {"ignore_unknown_options": True, "allow_extra_args": True}

    @app.command(name, short_help="Cannot be loaded", context_settings=takes_anything, add_help_option=False)
    def broken() -> int:
        raise error
