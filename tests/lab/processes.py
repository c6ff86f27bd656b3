"""Processes inside the namespaces of a node, seen and signalled from outside."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

# Joins the groups named first (a count, then their files), then becomes the rest of the line.
_JOIN = 'n=$1; shift; while [ "$n" -gt 0 ]; do echo 0 >"$1" || exit 125; shift; n=$((n-1)); done; exec "$@"'


def in_groups(doors: Sequence[Path], argv: Sequence[str]) -> list[str]:
    """The command line that puts itself into the control groups behind `doors` and then becomes `argv`."""
    return ["/bin/sh", "-c", _JOIN, "join", str(len(doors)), *map(str, doors), *argv]


def tool(name: str) -> str:
    """The full path of a system tool: inside a node PATH may be the test's own.

    Raises:
        FileNotFoundError: it is not installed.
    """
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if found is None:
        raise FileNotFoundError(name)
    return found


class NodeProcess(subprocess.Popen[str]):
    """A command that runs inside a node.

    `pid` is the process that entered the node; `send_signal`, `terminate` and `kill` reach the command itself, as a
    signal sent by a process of the node would. The exit status is the command's.
    """

    @property
    def inner_pid(self) -> int | None:
        """The command's process id as this machine sees it; None before it started and after it ended."""
        try:
            children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        except OSError:
            return None
        return int(children[0]) if children else None

    def send_signal(self, sig: int) -> None:
        """Send `sig` to the command; nothing happens when it has ended."""
        if self.poll() is not None:
            return
        targets = [self.inner_pid or self.pid]
        if sig == signal.SIGCONT:
            targets.append(self.pid)  # nsenter stops along with its child
        for target in targets:
            with contextlib.suppress(ProcessLookupError):
                os.kill(target, sig)

    def kill_group(self) -> None:
        """End the command with everything it started in its process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


class OutputWatch:
    """Waits for words in what a command prints, as they come. A context: the command ends with it."""

    def __init__(self, process: NodeProcess) -> None:
        """Watch the output of `process`, a command that prints until it is ended."""
        self._process = process
        self._seen = b""

    def wait_for(self, text: str, timeout: float) -> str:
        """Wait until `text` has been printed; returns all that was.

        Raises:
            TimeoutError: it was not within `timeout` seconds, or the command ended.
        """
        assert self._process.stdout is not None
        output = self._process.stdout.fileno()
        deadline = time.monotonic() + timeout
        while text.encode() not in self._seen:
            ready, _, _ = select.select([output], [], [], max(0.0, deadline - time.monotonic()))
            chunk = os.read(output, 65536) if ready else b""
            if not chunk:
                raise TimeoutError(f"{text!r} was not printed in {timeout} s: {self._seen[-500:]!r}")
            self._seen += chunk
        return self._seen.decode(errors="replace")

    def __enter__(self) -> OutputWatch:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill_group()
        self._process.communicate()


def enter(pid: int, argv: Sequence[str], cwd: str) -> list[str]:
    """The command line that runs `argv` in all namespaces of `pid`, in the folder `cwd`."""
    return [tool("nsenter"), "-t", str(pid), "-a", tool("env"), f"--chdir={cwd}", *argv]


def finish(process: NodeProcess, argv: Sequence[str], text: str | None, timeout: float) -> tuple[str, str]:
    """Feed `text`, wait at most `timeout` seconds, return standard output and error.

    Raises:
        subprocess.TimeoutExpired: the command took longer; its process group is dead.
    """
    try:
        return process.communicate(text, timeout)
    except subprocess.TimeoutExpired as slow:
        process.kill_group()
        # A daemon that left the group may hold the pipes for ever: its output is not worth waiting for.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=2)
        raise subprocess.TimeoutExpired(list(argv), timeout, slow.output, slow.stderr) from None
    except BaseException:
        process.kill_group()
        raise


def start(argv: Sequence[str], env: Mapping[str, str], *, has_input: bool) -> NodeProcess:
    """Start a command line as leader of its own process group, its output piped."""
    return NodeProcess(
        list(argv),
        env=dict(env),
        stdin=subprocess.PIPE if has_input else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
