"""Options and arguments that several commands share, each with the one meaning that it has everywhere."""

from enum import Enum
from typing import Annotated

import typer


class Format(Enum):
    """How results are printed on standard output."""

    TABLE = "table"
    """For people."""
    PLAIN = "plain"
    """Lines of fields with tabs between them, for grep and awk."""
    JSON = "json"
    """As described by the schemas in ``docs/reference``."""


class Color(Enum):
    """When colours are used."""

    AUTO = "auto"
    """On a terminal, unless ``NO_COLOR`` is set."""
    ALWAYS = "always"
    NEVER = "never"


def new_app(text: str = "") -> typer.Typer:
    """An app for a module of commands: plain help, plain errors.

    Args:
        text: help of the group, where the app is one.
    """
    return typer.Typer(
        help=text or None,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
    )


AnyNames = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Services; globs are allowed; none means all.")
]
Names = Annotated[
    list[str], typer.Argument(metavar="NAME...", help="Services; globs are allowed, '*' in quotes means all.")
]
Rids = Annotated[
    list[str] | None,
    typer.Option("--rid", metavar="RID", help="Only these resources, `ip#1`, or groups, `ip`; commas allowed."),
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tags", metavar="TAGS", help="Only resources with these tags: `a,b` means a or b, `a+b` both."),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print the result.")]
ColorOption = Annotated[Color, typer.Option("--color", help="When to use colours.")]
Verbose = Annotated[
    int,
    typer.Option("-v", "--verbose", count=True, show_default=False, help="Show commands as they run; -vv: tracebacks."),
]
Loud = Annotated[
    int, typer.Option("-v", "--verbose", count=True, show_default=False, help="-vv: tracebacks of errors.")
]
Permits = Annotated[
    list[str] | None,
    typer.Option("--permit", metavar="CODE", help="Lift the veto of this code. Several times for several."),
]
Wait = Annotated[
    float, typer.Option("--wait", metavar="SECONDS", min=0, help="How long to wait for another run's lock.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show steps and commands as `osvc plan` does; change nothing.")]
MaxParallel = Annotated[
    int, typer.Option("--max-parallel", metavar="N", min=0, help="Steps side by side; 0 means as many as usual.")
]
TimeLimit = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", min=0.1, help="Limit of the whole run; then the way back begins."),
]
DeclareDead = Annotated[
    list[str] | None,
    typer.Option("--declare-dead", metavar="NODE", help="Answer for it that a node is dead; refused if it shows life."),
]
OnNode = Annotated[
    str, typer.Option("--node", metavar="NODE", help="Have that node's agent do it, as if it were typed there.")
]
Destination = Annotated[str, typer.Option("--to", metavar="NODE", help="The node to go to.")]
OrRestart = Annotated[
    bool, typer.Option("--or-restart", help="Switch, with a stop, what cannot be moved while it runs.")
]
DrainTo = Annotated[str, typer.Option("--to", metavar="NODE", help="Go to this node alone; else to any.")]
DrainLive = Annotated[bool, typer.Option("--live", help="Migrate what can be migrated, and switch the rest.")]
DrainStop = Annotated[bool, typer.Option("--stop", help="Stop the services here instead of moving them.")]
Source = Annotated[
    str, typer.Option("--from", metavar="NODE", help="The disaster-recovery node, where it is not evident.")
]


def split(values: list[str] | None) -> tuple[str, ...]:
    """Values of an option that may be repeated or hold commas: ``--rid ip#1,ip#2 --rid app``."""
    return tuple(part for value in values or () for part in value.split(",") if part)
