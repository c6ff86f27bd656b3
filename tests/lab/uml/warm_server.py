"""Runs in a node: an interpreter that has imported the agent, and forks for each command that the lab asks for.

An interpreter needs more than a second to import the agent in such a node; a fork needs 30 ms. A command is a line of
JSON on standard input, `argv` and `env`; its answer a line on standard output: `rc`, `stdout`, `stderr`.

With the words `cut ACTION SERVICE FATAL` it is something else: one run through the library that prints its events and
kills itself at the one whose line begins with FATAL; if that begins with `?`, it stands still there.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import signal
import sqlite3  # noqa: F401 - the journal imports it late
import sys
import tempfile
import traceback
from typing import IO

PACKAGES = ("opensvc_core", "opensvc_drivers_kvm", "opensvc_drivers_linux", "opensvc_lvm", "opensvc_scsi_sg")


def load() -> None:
    """Import the agent and its drivers."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)


def cut(action: str, name: str, fatal: str) -> int:
    """Run an action, printing its events; die at the one whose line begins with `fatal`. Its exit status."""
    from opensvc_core.actions.agent import open_agent
    from opensvc_core.cli.environment import here
    from opensvc_core.events import Event

    agent = open_agent(here().root, path=here().command_path)

    def tell(event: Event) -> None:
        words = [event.kind.value, event.step, *event.data.get("argv", [])]
        line = " ".join(word for word in words if word)
        print(line, flush=True)  # noqa: T201 - read by the lab
        if line.startswith(fatal.removeprefix("?")):
            os.kill(os.getpid(), signal.SIGSTOP if fatal.startswith("?") else signal.SIGKILL)

    return agent.run(agent.plan(action, [agent.load(name)]), on_event=tell).exit_status


def child(argv: list[str], env: dict[str, str], output: IO[bytes], errors: IO[bytes]) -> int:
    """One command, in a process of its own; its exit status."""
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output.fileno(), 1)
    os.dup2(errors.fileno(), 2)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
    os.environ.update(env)
    sys.argv = argv
    status: object = 0
    try:
        from opensvc_core.cli import run

        status = run(argv[1:])
    except SystemExit as end:
        status = end.code
    except BaseException:  # noqa: BLE001 - it is told as the interpreter would
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return status if isinstance(status, int) else int(status is not None)


def serve() -> None:
    """Answer until standard input ends."""
    load()
    # What is not looked at any more is not copied for every command: a page costs much here.
    gc.collect()
    gc.freeze()
    print(json.dumps({"rc": 0, "stdout": "", "stderr": ""}), flush=True)  # noqa: T201 - read by the lab
    for line in sys.stdin:
        asked = json.loads(line)
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            pid = os.fork()
            if not pid:
                status = 1
                try:
                    status = child(asked["argv"], asked["env"], output, errors)
                finally:
                    os._exit(status)
            rc = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            told = []
            for file in (output, errors):
                file.seek(0)
                told.append(file.read().decode(errors="replace"))
        print(json.dumps({"rc": rc, "stdout": told[0], "stderr": told[1]}), flush=True)  # noqa: T201


if __name__ == "__main__":
    if sys.argv[1:] == ["--import-only"]:
        load()
    elif sys.argv[1:2] == ["cut"]:
        sys.exit(cut(*sys.argv[2:]))
    else:
        serve()
