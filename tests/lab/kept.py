"""Daemons that end with the session that started them, however that ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from tests.lab import processes

END_SECONDS = 20.0

# The first process of a pid namespace. It ends when the daemon does, or `cat`, whose input ends with the session; and
# the kernel ends all others with it.
_FIRST = 'exec 3<&0 </dev/null; cat <&3 >/dev/null & exec 3<&-; "$@" & wait -n'


class Kept:
    """A daemon in a pid namespace of its own, and in the network namespace of a switch.

    Attributes:
        name: the name of its executable.
    """

    def __init__(
        self,
        argv: Sequence[str],
        network: int,
        *,
        env: Mapping[str, str],
        stdout: int | IO[bytes] = subprocess.DEVNULL,
        stderr: int | IO[bytes] = subprocess.STDOUT,
        cpu: int | None = None,
    ) -> None:
        """Start `argv` in the network namespace of process `network`; its output goes to `stdout` and `stderr`.

        With `cpu`, it and its processes run on that processor only.
        """
        self.name = Path(argv[0]).name
        inside = [
            processes.tool("unshare"),
            "-p",
            "--fork",
            "--kill-child",
            processes.tool("bash"),
            "-c",
            _FIRST,
            "kept",
        ]
        if cpu is not None:
            inside += [processes.tool("taskset"), "-c", str(cpu)]
        self._process = subprocess.Popen(
            [processes.tool("nsenter"), "-t", str(network), "-n", *inside, processes.tool(argv[0]), *argv[1:]],
            env=dict(env),
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """A process whose end is the daemon's; not the daemon itself."""
        return self._process.pid

    @property
    def stdout(self) -> IO[bytes] | None:
        """What the daemon prints, if a pipe was asked for; who reads it closes it."""
        return self._process.stdout

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def freeze(self) -> None:
        """Stop it in its tracks."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it and all its processes at once; they are gone when this returns. Nothing happens when it has ended."""
        for first in _children(self._process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(first, signal.SIGKILL)
        # The kernel reports the first process of a pid namespace when all others are gone.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS / 2)
        self._process.kill()
        self._process.wait(END_SECONDS)
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _signal(self, number: int) -> None:
        for first in _children(self._process.pid):
            for child in _children(first):
                if _executable(child) == self.name:
                    os.kill(child, number)
                    return
        raise RuntimeError(f"{self.name} does not run")


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


def _executable(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/exe").readlink().name
    return ""
