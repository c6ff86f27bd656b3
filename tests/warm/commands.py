"""Runs `osvc` as processes that are forked from one that has imported the agent: 30 ms each in place of 300.

For tests of what commands do, on several platforms or many times over; that `osvc` starts, and how fast, is asked in
`tests/opensvc_core/cli` and by whoever spawns it.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_SERVER = Path(__file__).with_name("server.py")


@cache
def _server() -> subprocess.Popen[str]:
    started = subprocess.Popen(
        [sys.executable, str(_SERVER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        start_new_session=True,
    )
    atexit.register(_end, started)
    return started


def _end(server: subprocess.Popen[str]) -> None:
    assert server.stdin is not None
    server.stdin.close()
    server.wait(10)


def run(
    words: tuple[str, ...], *, env: Mapping[str, str], cwd: Path, timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run `osvc` with these words and wait for its end.

    Args:
        words: after `osvc`.
        env: its whole environment.
        cwd: where it runs.
        timeout: seconds.

    Raises:
        TimeoutError: it took longer, and was killed; the next command has another interpreter.
    """
    server = _server()
    assert server.stdin is not None
    assert server.stdout is not None
    with tempfile.TemporaryDirectory() as folder:
        files = {name: f"{folder}/{name}" for name in ("stdout", "stderr")}
        asked = {"argv": words, "env": dict(env), "cwd": str(cwd), **files}
        server.stdin.write(f"{json.dumps(asked)}\n")
        server.stdin.flush()
        if not select.select([server.stdout], [], [], timeout)[0]:
            _server.cache_clear()
            os.killpg(server.pid, signal.SIGKILL)
            raise TimeoutError(f"osvc {' '.join(words)}: no end within {timeout:g} s")
        answer = server.stdout.readline()
        assert answer, "the warm interpreter has ended"
        told = [Path(path).read_text(encoding="utf-8", errors="replace") for path in files.values()]
    return subprocess.CompletedProcess(["osvc", *words], int(answer), *told)
