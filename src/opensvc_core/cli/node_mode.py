"""Shows and sets the mode of this node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.cli.document import SCHEMA
from opensvc_core.cli.environment import open_here
from opensvc_core.cli.failure import UsageError
from opensvc_core.cli.options import Format
from opensvc_core.cli.output import say, write, write_json
from opensvc_core.cluster.host_mode import WORDS, HostMode, read_host_mode, write_host_mode

if TYPE_CHECKING:
    from opensvc_core.actions.agent import Agent


def show_mode(form: Format) -> int:
    """Print the mode, or that it is not set; give back 0. Raises ConfigError if the file holds something else."""
    agent = open_here()
    return _tell(agent, read_host_mode(agent.node.folders), form)


def set_mode(word: str, form: Format) -> int:
    """Set the mode and print it; give back 0.

    Raises:
        UsageError: it is no mode.
        OSError: it cannot be written.
    """
    if word not in WORDS:
        raise UsageError(f"{word!r} is no host mode", hint=f"one of {', '.join(WORDS)}")
    agent = open_here()
    mode = HostMode(word)
    write_host_mode(agent.node.folders, mode)
    return _tell(agent, mode, form)


def _tell(agent: Agent, mode: HostMode | None, form: Format) -> int:
    if form is Format.JSON:
        document = {"schema": SCHEMA, "node": agent.node.name, "host_mode": mode.value if mode else None}
        write_json(document)
    elif mode:
        write(f"{mode.value}\n")
    elif form is Format.PLAIN:
        write("-\n")
    else:
        say(f"the host mode of {agent.node.name} is not set: osvc node host-mode {'|'.join(WORDS)}")
    return 0
