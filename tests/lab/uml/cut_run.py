"""Runs in a node: one run of the agent, through the library, that prints its events and kills itself at one of them.

`ACTION SERVICE FATAL`: it dies at the event whose line begins with FATAL; if that begins with `?`, it stands still.
"""

from __future__ import annotations

import os
import signal
import sys

from opensvc_core.actions.opening import open_agent
from opensvc_core.cli.environment import here
from opensvc_core.events import Event


def cut(action: str, name: str, fatal: str) -> int:
    """Run an action, printing its events; die at the one whose line begins with `fatal`. Its exit status."""
    agent = open_agent(here().root, path=here().command_path)

    def tell(event: Event) -> None:
        words = [event.kind.value, event.step, *event.data.get("argv", [])]
        line = " ".join(word for word in words if word)
        print(line, flush=True)  # noqa: T201 - read by the lab
        if line.startswith(fatal.removeprefix("?")):
            os.kill(os.getpid(), signal.SIGSTOP if fatal.startswith("?") else signal.SIGKILL)

    return agent.run(agent.plan(action, [agent.load(name)]), on_event=tell).exit_status


if __name__ == "__main__":
    sys.exit(cut(*sys.argv[1:]))
