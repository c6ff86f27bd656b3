"""An interpreter that has imported the agent, and forks for each command that is asked of it; `commands` starts it.

A command is a line of JSON on standard input: `argv` of `osvc`, its whole `env`, its `cwd`, the files `stdout` and
`stderr`. Its answer is a line on standard output: the exit status, negative for a signal. Each command is a process of
its own, with an environment and streams of its own; all that it lacks of a spawned one is what Python does before
`main`, and the imports.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pkgutil
import sqlite3  # noqa: F401 - the journal imports it late
import sys
import traceback
from collections.abc import Mapping
from typing import Any

PACKAGES = (
    "opensvc_core",
    "opensvc_collector_client",
    "opensvc_drivers_hpvm",
    "opensvc_drivers_kvm",
    "opensvc_drivers_linux",
    "opensvc_drivers_lxc",
    "opensvc_drivers_solaris",
    "opensvc_drivers_xen",
    "opensvc_lvm",
    "opensvc_scsi_scu",
    "opensvc_scsi_sg",
)


def load() -> None:
    """Import the agent and its drivers."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)


def child(asked: Mapping[str, Any]) -> int:
    """One command, in a process of its own; its exit status."""
    os.environ.clear()
    os.environ.update(asked["env"])
    os.chdir(asked["cwd"])
    streams = (
        (0, os.devnull, os.O_RDONLY),
        (1, asked["stdout"], os.O_WRONLY | os.O_CREAT | os.O_APPEND),
        (2, asked["stderr"], os.O_WRONLY | os.O_CREAT | os.O_APPEND),
    )
    for number, path, flags in streams:
        handle = os.open(path, flags, 0o600)
        os.dup2(handle, number)
        os.close(handle)
    sys.stdin, sys.stdout, sys.stderr = open(0, closefd=False), open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
    sys.argv = ["osvc", *asked["argv"]]
    status: object = 0
    try:
        from opensvc_core.cli import main

        main()
    except SystemExit as end:
        status = end.code
    except BaseException:  # noqa: BLE001 - it is told as the interpreter would
        traceback.print_exc()
        status = 1
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    return status if isinstance(status, int) else int(status is not None)


def serve() -> None:
    """Answer until standard input ends."""
    load()
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            status = 1
            try:
                status = child(json.loads(line))
            finally:
                os._exit(status)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
