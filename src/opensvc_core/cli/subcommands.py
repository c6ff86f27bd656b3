"""Subcommands that other distributions add to a group of this one: entry points named ``node.lvm``, ``driver.new``."""

import typer

from opensvc_core.cli.verbs import load_point, others
from opensvc_core.errors import DriverLoadError


def add_others(app: typer.Typer, group: str) -> None:
    """Add those of a group, loaded when the group is asked for; one that is broken fails alone.

    An app of one command becomes that command, any other a group of its own.
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
        commands = loaded.registered_commands
        if len(commands) == 1 and not loaded.registered_groups and loaded.registered_callback is None:
            commands[0].name = name
            app.registered_commands.append(commands[0])
        else:
            app.add_typer(loaded, name=name)


def _add_broken(app: typer.Typer, name: str, error: Exception) -> None:
    """A subcommand that says what is wrong with it, whatever words follow."""
    takes_anything = {"ignore_unknown_options": True, "allow_extra_args": True}

    @app.command(name, short_help="Cannot be loaded", context_settings=takes_anything, add_help_option=False)
    def broken() -> int:
        raise error
