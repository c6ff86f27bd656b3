"""The agent in a node, kept warm: commands are forked from an interpreter that has imported it; see `warm_server`."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.lab.specification import REPOSITORY
from tests.lab.uml import specification
from tests.lab.uml.node import KernelNode

START_SECONDS = 60.0
_SERVER = Path(__file__).with_name("warm_server.py")
_CACHE = REPOSITORY / ".cache" / "lab"
_compiling = threading.Lock()
_compiled: list[bool] = []


def compile_for(folder: Path) -> None:
    """Have this machine compile what the agent imports: nodes, which share the byte code, take ten times as long.

    What one lab's was compiled to serves the next ones, and those of later sessions: Python sees what has changed.
    """
    with _compiling:
        if not _compiled:
            environment = {**specification.node_environment(_CACHE), "PATH": os.environ["PATH"]}
            line = [sys.executable, str(_SERVER), "--import-only"]
            subprocess.run(line, env=environment, check=True, timeout=START_SECONDS, cwd="/")
            _compiled.append(True)
    shutil.copytree(_CACHE / specification.BYTECODE, folder / specification.BYTECODE, dirs_exist_ok=True)


def cut_command(action: str, name: str, fatal: str) -> list[str]:
    """The command line of a run that kills itself; see `warm_server`."""
    return [sys.executable, str(_SERVER), "cut", action, name, fatal]


class WarmAgent:
    """The agent of one node, until that loses its power."""

    def __init__(self, node: KernelNode) -> None:
        """Start its interpreter.

        Raises:
            TimeoutError: it does not come up.
        """
        self._node = node
        self._process = node.popen([sys.executable, str(_SERVER)], has_input=True)
        self._seen = b""
        self._read(START_SECONDS, ["warm_server"])

    @property
    def is_alive(self) -> bool:
        """Whether it still serves."""
        return self._process.poll() is None

    def run(
        self, argv: Sequence[str], env: Mapping[str, str] | None, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Run one command and wait for it.

        Raises:
            TimeoutError: it took longer; it goes on, and this agent is of no use any more.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"argv": list(argv), "env": dict(env or {})}) + "\n")
        self._process.stdin.flush()
        told = self._read(timeout, argv)
        return subprocess.CompletedProcess(list(argv), told["rc"], told["stdout"], told["stderr"])

    def close(self) -> None:
        """End it."""
        self._process.kill_group()
        self._process.communicate()

    def _read(self, timeout: float, argv: Sequence[str]) -> Any:
        """The next line that it says, as JSON."""
        assert self._process.stdout is not None
        output, deadline = self._process.stdout.fileno(), time.monotonic() + timeout
        while b"\n" not in self._seen:
            ready, _, _ = select.select([output], [], [], max(0.0, deadline - time.monotonic()))
            chunk = os.read(output, 65536) if ready else b""
            if not chunk:
                self.close()
                raise TimeoutError(f"{self._node.name}: {' '.join(argv)}: no end within {timeout} s")
            self._seen += chunk
        line, _, self._seen = self._seen.partition(b"\n")
        return json.loads(line)
