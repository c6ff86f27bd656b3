"""The table of verbs: what `osvc --help` prints, and where each verb lives; imports nothing before it is asked for."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

USAGE = 2
"""Exit status of a command line that cannot be understood; ``ExitStatus.USAGE`` without importing it."""

ENTRY_POINTS = "opensvc.commands"
"""Entry points of this group are typer apps: verbs that other distributions add."""

SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Look": {
        "mon": ("status", "One row a service: the state of all services of this node"),
        "status": ("status", "Services as trees: every resource with its state and notes"),
        "log": ("log", "Past runs from the journal: who, when, what, how it ended"),
        "metrics": ("metrics", "What this node knows, for Prometheus"),
        "inventory": ("inventory", "What services are made of: processors, memory, disks, addresses"),
    },
    "Act": {
        "start": ("act", "Bring services up, in order, and take back what failed"),
        "stop": ("act", "Bring services down, in reverse order"),
        "restart": ("act", "Stop, then start"),
        "switch": ("move", "Stop services here, verified, then start them on another node"),
        "migrate": ("move", "Move running guests from here to another node, live"),
        "takeover": ("move", "Bring services here from where they run"),
        "giveback": ("move", "Bring services to the node that starts them at boot"),
        "failover": ("move", "Bring services to a disaster-recovery node"),
        "failback": ("failback", "Take data and services back from a disaster-recovery node"),
        "startstandby": ("act", "Bring up standby resources alone, and what they stand on"),
        "freeze": ("freeze", "Refuse every action on services until they are thawed"),
        "thaw": ("freeze", "Allow actions again"),
        "recover": ("recover", "Look after a run that was interrupted and finish or undo it"),
        "plan": ("plan", "What a start, stop, restart or move would do, and change nothing"),
    },
    "Copies": {
        "sync": ("sync", "Replicate services to their other nodes"),
    },
    "Disks and this node": {
        "reservation": ("reservation", "Who holds the disks of services; take, release, clear"),
        "schedule": ("schedule", "What this node does by itself, when, and how it last ended"),
        "diskupdate": ("diskupdate", "Which disks services use, asked anew and kept"),
        "boot": ("boot", "What init calls: clean after a crash, start what starts on this node"),
        "shutdown": ("boot", "What init calls: stop everything on this node"),
        "node": ("node", "This node: install, check, mode, trust between nodes, reservation key"),
    },
    "Files and drivers": {
        "config": ("config", "Create, show, check and compare service files"),
        "driver": ("driver", "Which drivers are installed, and what they lack"),
    },
    "This command": {
        "commands": ("more", "Commands that other distributions add"),
        "completion": ("more", "A script that makes a shell complete verbs and service names"),
        "version": ("more", "The version, and where the files of this node lie"),
    },
}
"""Section of the help to verb to module of `opensvc_core.cli.commands` and help line."""

HIDDEN = {"peer": "peer"}
"""Verbs that nobody types, and the help does not tell of."""


def help_text() -> str:
    """What ``osvc --help`` prints."""
    lines = [
        "Usage: osvc COMMAND [ARGS]...",
        "",
        "  High-availability services: see what runs, bring it up, bring it down.",
    ]
    for section, verbs in SECTIONS.items():
        lines += ["", f"{section}:", *(f"  {verb:<13}{text}" for verb, (_, text) in verbs.items())]
    lines += [
        "",
        "Options:",
        "  -h, --help  This text; `osvc COMMAND --help` tells more, with an example",
        "  --version   The version",
        "",
        "Example: osvc status vm188",
        "",
    ]
    return "\n".join(lines)


def names() -> list[str]:
    """The verbs that this distribution has."""
    return [verb for section in SECTIONS.values() for verb in section]


def command(verb: str) -> Any:
    """The command behind a verb, ready for its arguments.

    Raises:
        UnknownVerb: neither this nor another distribution has it.
        DriverError: another distribution has it, and it cannot be loaded.
    """
    from importlib import import_module

    from typer.main import get_command

    modules = HIDDEN | {name: module for section in SECTIONS.values() for name, (module, _) in section.items()}
    if verb in modules:
        loaded = get_command(import_module(f"opensvc_core.cli.commands.{modules[verb]}").app)
        return _with_short_help(getattr(loaded, "commands", {}).get(verb, loaded))
    return _with_short_help(get_command(_other_app(verb)))


def _with_short_help(command: Any) -> Any:
    """The command, understanding ``-h`` too, and so its subcommands."""
    command.context_settings = {"help_option_names": ["-h", "--help"], **(command.context_settings or {})}
    return command


def others() -> Iterable[Any]:
    """Entry points of verbs that other distributions add, sorted by name; nothing of them is imported."""
    from importlib.metadata import entry_points

    return sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name)


def _other_app(verb: str) -> Any:
    """The typer app of a verb of another distribution. This distribution's own verbs always win."""
    points = [point for point in others() if point.name == verb]
    if not points:
        raise _unknown(verb)
    return load_point(points[0])


def load_point(point: Any) -> Any:
    """The typer app behind an entry point. Raises DriverLoadError."""
    from opensvc_core.errors import DriverLoadError

    try:
        return point.load()
    except Exception as error:
        raise DriverLoadError(
            f"the command {point.name!r} ({point.value}) cannot be loaded: {type(error).__name__}: {error}",
            hint="reinstall the distribution that gives it, or take it away",
        ) from error


def _unknown(verb: str) -> Exception:
    from difflib import get_close_matches

    from opensvc_core.cli.failure import UsageError

    close = get_close_matches(verb, [*names(), *(point.name for point in others())], n=1)
    hint = f"did you mean `osvc {close[0]}`?" if close else "`osvc --help` lists the commands"
    return UsageError(f"there is no command {verb!r}", hint=hint)
