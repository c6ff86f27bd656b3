"""What is typed all day: `osvc --help`, and the status of a service, against a Python that does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.measure import Times, in_turn

ROUNDS = 15
HELP_LIMIT = 10.0
STATUS_LIMIT = 20.0
SECONDS = 60

NOTHING = (sys.executable, "-c", "pass")
OSVC = str(Path(sys.executable).with_name("osvc"))

SERVICE = "[default]\nnodes = node1\n"
"""A service whose status needs no command of a vendor: what is left is OpenSVC's own."""


def start_up() -> Iterator[Figure]:
    """The figures that need nothing but this environment."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "etc").mkdir()
        (root / "etc" / "plain.env").write_text(SERVICE)
        took = in_turn(
            {
                "nothing": lambda: run(NOTHING, root),
                "help": lambda: run((OSVC, "--help"), root),
                "status": lambda: run((OSVC, "status", "plain", "--format", "json"), root),
            },
            ROUNDS,
        )
    for name, what, limit in (
        ("help", "osvc --help", HELP_LIMIT),
        ("status", "osvc status NAME --format json, without guest", STATUS_LIMIT),
    ):
        ratio = took.median_of(_over_nothing(name))
        detail = f"{took.median(name) * 1000:.0f} ms / python -c pass {took.median('nothing') * 1000:.1f} ms"
        yield Figure(what, ratio, limit, "x", detail)


def _over_nothing(name: str) -> Callable[[Times], float]:
    return lambda times: times[name] / times["nothing"]


def run(argv: Sequence[str], root: Path) -> None:
    """Run a command of this environment that must succeed; no variable of the caller's changes how it starts.

    Its output is read, as its end is then seen at once: without, the wait with a limit asks again and again, ever
    slower, and the time is one of 16, 32, 64, 114, 164 ms.
    """
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "OSVC_"))}
    subprocess.run(
        argv,
        env={**variables, "OSVC_ROOT": str(root), "OSVC_NODE": "node1", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=True,
    )
