"""A recording collector in a process of its own, as tests and the demo start, break, kill and read it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from attrs import define, field

from opensvc_testkit.collector.certificates import Certificates
from opensvc_testkit.collector.checking import Row
from opensvc_testkit.collector.faults import Fault, FaultKind, read_faults, write_faults
from opensvc_testkit.collector.record import Call, Record

PATIENCE = 30.0
"""Seconds that a collector may take to come up, and that `wait_for` waits."""


@define
class RecordingCollector:
    """One collector; its calls outlive its process.

    Attributes:
        folder: of its database and its switch of faults.
        certificates: what it shows of itself; None: it speaks HTTP.
        needs_auth: whether it refuses who does not say uuid and node name.
    """

    folder: Path
    certificates: Certificates | None = None
    needs_auth: bool = False
    url: str = field(default="", init=False)
    """Its address, the same after each start."""
    _process: subprocess.Popen[str] | None = field(default=None, init=False)
    _reading: Record | None = field(default=None, init=False)

    @classmethod
    @contextmanager
    def up(
        cls, folder: Path, certificates: Certificates | None = None, *, needs_auth: bool = False
    ) -> Iterator[RecordingCollector]:
        """A collector for as long as the block lasts."""
        collector = cls(folder, certificates, needs_auth)
        collector.start()
        try:
            yield collector
        finally:
            collector.close()

    # -- its process ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it, again too: on the same port, with what it had recorded.

        Raises:
            RuntimeError: it does not come up.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        port = urlsplit(self.url).port if self.url else 0
        argv = [sys.executable, "-m", "opensvc_testkit.collector", str(self.folder), "--port", str(port)]
        if self.certificates is not None:
            argv += ["--certificate", str(self.certificates.server)]
        if self.needs_auth:
            argv.append("--needs-auth")
        self._process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        address = self._process.stdout.readline().strip() if self._process.stdout else ""
        self.url = address or self.url
        if not address:
            raise RuntimeError(f"the collector ended with {self._process.wait()}")

    def kill(self) -> None:
        """Kill it as a crash would (SIGKILL); nothing if it is dead."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None

    def pause(self) -> None:
        """Stop the process (SIGSTOP): the kernel takes connections, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def is_alive(self) -> bool:
        """Whether its process runs, paused or not."""
        return self._process is not None and self._process.poll() is None

    def close(self) -> None:
        """End it, and close what reads its database."""
        self.kill()
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    def _signal(self, number: int) -> None:
        if self._process is not None:
            os.kill(self._process.pid, number)

    # -- its faults -----------------------------------------------------------------------------------------------

    def break_with(self, *faults: Fault | FaultKind | str) -> None:
        """Switch to these faults: the first that concerns a call strikes it."""
        made = [each if isinstance(each, Fault) else Fault(FaultKind(each)) for each in faults]
        number, _ = read_faults(self.folder)
        write_faults(self.folder, made, number + 1)

    def mend(self) -> None:
        """Switch all faults off; what hangs is let go, without an answer."""
        self.break_with()

    # -- what it knows --------------------------------------------------------------------------------------------

    @property
    def record(self) -> Record:
        """Its database."""
        if self._reading is None:
            self._reading = Record(self.folder)
        return self._reading

    def calls(self, *methods: str) -> tuple[Call, ...]:
        """Calls in order of arrival: all, or those of some methods."""
        return self.record.calls(*methods)

    def records(self, kind: str) -> tuple[Row, ...]:
        """What all calls amount to for one kind, such as ``service``, ``action``, ``resource_action`` or ``disk``."""
        return self.record.records(kind)

    def violations(self) -> tuple[str, ...]:
        """What calls had that the tables do not allow, a line each with its method."""
        return tuple(f"{call.method}: {each}" for call in self.calls() for each in call.violations)

    def wait_for(self, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Wait until something is true of what came.

        Raises:
            TimeoutError: it was not, for so long.
        """
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"not in {seconds:g} s; the collector has {self.record.count()} calls")
            time.sleep(0.02)
