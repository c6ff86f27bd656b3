"""`osvc boot` of fifty services side by side, against their bare commands; a stand-in for guests that cost seconds.

Each service is an application of the node itself, whose launcher sleeps as long as a small container takes to boot.
What is measured is the agent with its plan, its journal and its locks, and not the machine's memory.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.measure import in_turn

SERVICES = 50
TAKES = 0.5
"""Seconds that each launcher takes."""
SIDE_BY_SIDE = 16
"""Steps at once: what the agent does where nobody says otherwise; the bare commands get as many."""
ROUNDS = 5
FACTOR = 1.3
ALLOWANCE = 1.0
"""Seconds beyond the factor (the issue's limit)."""
SECONDS = 120.0
LAUNCHER = """#!/bin/sh
case $1 in
start) sleep {takes}; touch {state} ;;
stop) rm -f {state} ;;
status) test -e {state} ;;
esac
"""


def boot_of_many() -> Iterator[Figure]:
    """What `osvc boot` takes beyond what its services' launchers take with as many side by side."""
    with tempfile.TemporaryDirectory(prefix="boot") as name:
        folder = Path(name)
        names = [f"svc{number:02}" for number in range(SERVICES)]
        scripts = [_write(folder, each) for each in names]
        state = folder / "state"
        bare = ["xargs", "-n1", f"-P{SIDE_BY_SIDE}", "sh", "-c", '"$0" start']
        osvc = [sys.executable, "-m", "opensvc_core", "boot", "--format", "json"]
        env = {**os.environ, "OSVC_ROOT": name, "OSVC_NODE": "node1"}

        def run_bare() -> None:
            subprocess.run(bare, input="\n".join(map(str, scripts)), text=True, check=True, timeout=SECONDS)

        def run_osvc() -> None:
            subprocess.run(osvc, env=env, check=True, timeout=SECONDS, capture_output=True)

        def clear() -> None:
            started = {path.name for path in state.iterdir()}
            if started != set(names):
                raise AssertionError(f"not started: {set(names) - started}")
            for path in state.iterdir():
                path.unlink()

        took = in_turn({"bare": run_bare, "osvc": run_osvc}, ROUNDS, clear)
    beyond = took.median_of(lambda times: times["osvc"] - FACTOR * times["bare"])
    detail = f"osvc boot {took.median('osvc'):.2f} s; the launchers {took.median('bare'):.2f} s, {SIDE_BY_SIDE} at once"
    yield Figure(f"osvc boot of {SERVICES} services, beyond {FACTOR} x their commands", beyond, ALLOWANCE, "s", detail)


def _write(folder: Path, name: str) -> Path:
    """A service with one launcher; the launcher."""
    (folder / "state").mkdir(exist_ok=True)
    launchers = folder / "etc" / f"{name}.d"
    launchers.mkdir(parents=True)
    script = launchers / "S10app"
    script.write_text(LAUNCHER.format(takes=TAKES, state=folder / "state" / name))
    script.chmod(0o755)
    (launchers / "C10app").symlink_to("S10app")
    text = "[default]\nnodes = node1\nautostart_node = node1\n\n[app#0]\ntype = launchers\n"
    (folder / "etc" / f"{name}.env").write_text(text)
    return script
