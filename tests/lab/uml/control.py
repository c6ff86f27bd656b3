"""Commands in nodes with kernels of their own: a program of the lab's in each, reached over TCP.

ssh would take 0.3 s a command there; this takes what the node needs to start the command.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from tests.lab import processes
from tests.lab.processes import NodeProcess

PORT = 4100
BUILD_SECONDS = 60.0
PREFAULT = "prefault.so"
"""In the folder of the programs: what nodes preload into all of theirs; see `prefault.c`."""
_SOURCES = Path(__file__).parent


@attrs.frozen(slots=True)
class Control:
    """The two programs of the control channel, compiled.

    Attributes:
        server: `nodectl`, which runs in nodes.
        client: `nodeexec`, which runs here in the place of a command there.
    """

    server: Path
    client: Path

    @classmethod
    def build(cls, folder: Path) -> Control:
        """Compile into `folder`.

        Raises:
            subprocess.CalledProcessError: the compiler refuses.
        """
        made = []
        for name in ("nodectl", "nodeexec"):
            made.append(folder / name)
            line = ["gcc", "-O2", "-static", "-pthread", "-o", str(made[-1]), str(_SOURCES / f"{name}.c")]
            subprocess.run(line, check=True, timeout=BUILD_SECONDS)
        library = ["gcc", "-O2", "-shared", "-fPIC", "-o", str(folder / PREFAULT), str(_SOURCES / "prefault.c"), "-ldl"]
        subprocess.run(library, check=True, timeout=BUILD_SECONDS)
        return cls(*made)

    def start(
        self, network: int, address: str, argv: Sequence[str], env: Mapping[str, str], cwd: str, *, has_input: bool
    ) -> KernelProcess:
        """Start `argv` in the node that listens at `address`, reached from the network namespace of `network`."""
        line = [processes.tool("nsenter"), "-t", str(network), "-n", str(self.client), address, str(PORT), cwd, *argv]
        # The client inherits the mask: no signal can come before it is ready to pass it on.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            return KernelProcess(
                line,
                env=dict(env),
                stdin=subprocess.PIPE if has_input else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class KernelProcess(NodeProcess):
    """A command in a node with a kernel of its own. Signals reach the command; `pid` is that of its stand-in here."""

    def send_signal(self, sig: int) -> None:
        """Send `sig` to the command; nothing happens when it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGRTMIN + sig)

    @property
    def inner_pid(self) -> int | None:
        """Unknown to this machine: the command's process id is one of the node's kernel."""
        return None

    def kill_group(self) -> None:
        """Hang up: the node kills the command with everything in its process group."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
