"""Bytes between a socket and a process on another node: the two ends of a stream of a channel."""

from __future__ import annotations

import os
import pwd
import select
import signal
import socket
import struct
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from attrs import Factory, define, field

CHUNK = 65536
SLICE = 1.0
"""Seconds after which a relay looks whether it is still wanted."""
END_LIMIT = 5.0
"""Seconds that an ended process may take to be gone."""
_CREDENTIALS = struct.Struct("iII")


@define
class ListeningRelay:
    """The source's end: takes one connection on a socket, and gives it to a process as its input and output.

    Attributes:
        path: of the socket.
        argv: of the process.
        users: who may connect, besides root.
    """

    path: Path
    argv: Sequence[str]
    users: tuple[str, ...] = ()
    _listener: socket.socket = field(init=False)
    _wake: tuple[int, int] = field(init=False)
    _process: subprocess.Popen[bytes] | None = None
    _errors: IO[bytes] = Factory(tempfile.TemporaryFile)
    _thread: threading.Thread = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Listen. Raises OSError."""
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.path))
        # Whoever may not is told apart by who it is: the folder's name cannot be guessed.
        self.path.chmod(0o666)
        self._listener.listen(4)
        self._wake = os.pipe()
        self._thread = threading.Thread(target=self._take, name=f"relay {self.path.name}", daemon=True)
        self._thread.start()

    def _take(self) -> None:
        while True:
            ready, _, _ = select.select([self._listener.fileno(), self._wake[0]], [], [])
            if self._wake[0] in ready:
                return
            connection, _ = self._listener.accept()
            with connection:
                if not self._may(connection):
                    continue
                self._listener.close()
                self._process = subprocess.Popen(
                    list(self.argv),
                    stdin=connection.fileno(),
                    stdout=connection.fileno(),
                    stderr=self._errors,
                    start_new_session=True,
                )
                return

    def _may(self, connection: socket.socket) -> bool:
        size = _CREDENTIALS.size
        _, uid, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
        return uid in {0, os.geteuid(), *user_ids(self.users)}

    def close(self) -> str:
        """End it, whatever it does; what its process said on standard error."""
        os.write(self._wake[1], b".")
        self._thread.join(END_LIMIT)
        self._listener.close()
        for descriptor in self._wake:
            os.close(descriptor)
        process = self._process
        if process is not None and process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.2)
            for number in (signal.SIGTERM, signal.SIGKILL):
                if process.poll() is None:
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, number)
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(END_LIMIT)
        with self._errors as errors:
            errors.seek(0)
            return errors.read(CHUNK).decode("utf-8", "replace").strip()


def user_ids(names: Sequence[str]) -> tuple[int, ...]:
    """Numbers of those users that this system has."""
    found = []
    for name in names:
        with suppress(KeyError):
            found.append(pwd.getpwnam(name).pw_uid)
    return tuple(found)


def carry(
    reader: int,
    writer: int,
    path: Path,
    sieve: Callable[[bytes], bytes] | None,
    is_wanted: Callable[[], bool],
) -> None:
    """The destination's end: between two descriptors and a socket, until either side ends or it is not wanted.

    Args:
        reader: what the source says comes from here.
        writer: what the socket says goes there.
        path: of the socket.
        sieve: gives what of the source's words may go on; what it raises ends the relay.
        is_wanted: asked about once a second.

    Raises:
        OSError: there is no such socket, or nobody listens.
        ActionError: what the sieve says.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as far:
        far.connect(str(path))
        sources = {reader, far.fileno()}
        while sources and is_wanted():
            ready, _, _ = select.select(list(sources), [], [], SLICE)
            for descriptor in ready:
                data = os.read(descriptor, CHUNK)
                if descriptor == far.fileno():
                    if not data:
                        return
                    _write(writer, data)
                elif not data:
                    sources.discard(reader)
                    far.shutdown(socket.SHUT_WR)
                else:
                    far.sendall(sieve(data) if sieve is not None else data)


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
