"""What `osvc config` does: creates, shows and checks service files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from opensvc_core.cli.asking import load_all
from opensvc_core.cli.options import Format
from opensvc_core.cli.output import say, write, write_json
from opensvc_core.errors import ConfigError, OpenSVCError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.model import Service


def create_files(agent: Agent, name: str, source: str) -> int:
    """Make the files of a service and say which; give back 0.

    Args:
        agent: of this node.
        name: of the service.
        source: path of a service file to take, ``-`` for standard input, empty for the template.

    Raises:
        ConfigError: the file is wrong; nothing was made.
        OSError: it cannot be read, or the files cannot be written.
    """
    from opensvc_core.actions.create import create_service

    text: str | None = None
    if source == "-":
        text = sys.stdin.read()
    elif source:
        text = Path(source).read_text(encoding="utf-8", errors="surrogateescape")
    made = create_service(agent.node, name, text, lambda text: _load_text(agent, name, text))
    write("".join(f"{path}\n" for path in made))
    return 0


def _load_text(agent: Agent, name: str, text: str) -> Service:
    from opensvc_core.config.load import load_service

    path = agent.node.folders.etc / f"{name}.env"
    return load_service(path, agent.node, agent.dispatcher.describe, text=text, name=name)


def _load_file(agent: Agent, path: Path) -> Service:
    from opensvc_core.config.load import load_service

    return load_service(path, agent.node, agent.dispatcher.describe)


def show_file(agent: Agent, name: str, form: Format) -> int:
    """Print a service file, or what this node understands of it; give back 0.

    Raises:
        ConfigError: it is wrong (not for the plain form, which prints it all the same).
    """
    found = agent.find([name])[0]
    path = agent.node.folders.etc / f"{found}.env"
    if form is Format.PLAIN:
        write(path.read_text(encoding="utf-8", errors="replace"))
        return 0
    from opensvc_core.cli.document import service_document

    document = service_document(agent.load(found))
    if form is Format.JSON:
        write_json(document)
        return 0
    from opensvc_core.cli.render import to_text
    from opensvc_core.cli.render.service import service_view

    write(to_text(service_view(document)))
    return 0


def validate_files(agent: Agent, names: Sequence[str], source: Path | None, form: Format) -> int:
    """Check service files; give back 0, or 3 if one of them is wrong.

    Args:
        agent: of this node, or of the node that the files are read for.
        names: names or globs; none means all. Not used where a file is named.
        source: a file to check instead.
        form: JSON prints one object, the others a line a file and, on standard error, a line a problem.

    Raises:
        OSError: the named file cannot be read.
    """
    good: list[str] = []
    broken: dict[str, OpenSVCError] = {}
    if source is not None:
        try:
            _load_file(agent, source)
            good.append(str(source))
        except ConfigError as problems:
            broken[str(source)] = problems
    else:
        services, broken = load_all(agent, agent.find(names))
        good = [service.name for service in services]
    if form is Format.JSON:
        from opensvc_core.cli.document import SCHEMA
        from opensvc_core.cli.failure import error_document

        errors = {name: error_document(error)["error"] for name, error in broken.items()}
        write_json({"schema": SCHEMA, "valid": good, "errors": errors})
    else:
        from opensvc_core.cli.failure import error_text

        for error in broken.values():
            say(error_text(error))
        write("".join(f"{name}: valid\n" for name in good))
    return max((int(type(error).exit_status) for error in broken.values()), default=0)
