"""One HTTP exchange within one limit of time and size: name look-up, connection, handshake, request and answer."""

from __future__ import annotations

import http.client
import io
import queue
import socket
import ssl
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from attrs import define, field

from opensvc_collector_client.transport.address import Address
from opensvc_collector_client.transport.failures import Refused, Unreachable, Unresolved

if TYPE_CHECKING:
    from opensvc_core.api import Deadline

LONGEST_ANSWER = 4 * 1024 * 1024
"""Bytes of an answer that are read; a longer one is no answer."""
_CHUNK = 64 * 1024
_QUICKACK: int = getattr(socket, "TCP_QUICKACK", socket.TCP_NODELAY)
"""Linux' own; elsewhere an option that is set anyhow."""
_MISUSED = frozenset({400, 405, 411, 413, 414, 415, 422})
"""HTTP statuses by which a server says that a request itself is wrong."""
_FORBIDDEN = frozenset({401, 403})


class Exchange(Protocol):
    """Sends a request and gives back the answer's body."""

    def post(self, body: bytes, deadline: Deadline) -> bytes:
        """One exchange. Raises CollectorError."""
        ...

    def close(self) -> None:
        """Close what is open."""
        ...


@define
class HttpExchange:
    """Exchanges with one server, over one connection as long as it keeps it open.

    Attributes:
        address: of the server.
        authorities: file of certificates to trust in place of the system's, empty for those.
    """

    address: Address
    authorities: str = ""
    _socket: _TimedSocket | None = field(default=None, init=False, repr=False)

    def post(self, body: bytes, deadline: Deadline) -> bytes:
        """Send a request, give back the body of the answer.

        Raises:
            Unresolved: the name does not resolve.
            Unreachable: no answer in time, none at all, or not one of a collector.
            Refused: the server says that the request itself is wrong.
        """
        is_kept = self._socket is not None
        try:
            return self._post(body, deadline)
        except _Gone:
            # A server may close what was kept open at any time; whether it read the request is then unknown, and
            # what comes twice is recognised.
            self.close()
            if not is_kept:
                raise
        except BaseException:
            self.close()
            raise
        try:
            return self._post(body, deadline)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection, if one is open."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _post(self, body: bytes, deadline: Deadline) -> bytes:
        try:
            if self._socket is None:
                self._socket = _TimedSocket(self._open_socket(deadline))
            self._socket.deadline = deadline
            # In one piece, so that nobody waits for the second.
            self._socket.sendall(self._head(len(body)) + body)
            # It asks no more of a socket than to be read from.
            with http.client.HTTPResponse(self._socket, method="POST") as answer:  # type: ignore[arg-type]
                answer.begin()
                content = _read(answer)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
            raise _Gone(f"{self._where}: the connection was closed without an answer") from error
        except TimeoutError as error:
            raise Unreachable(f"{self._where}: no answer in time") from error
        except ssl.SSLCertVerificationError as error:
            raise Unreachable(
                f"{self._where}: its certificate is not to be trusted: {error.verify_message}",
                hint="[collector] authorities in node.conf names a file with the certificate of who signed it",
            ) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable(f"{self._where}: {_words(error)}") from error
        if answer.will_close:
            self.close()
        self._judge(answer.status, answer.reason)
        return content

    def _judge(self, status: int, reason: str) -> None:
        if status == 200:
            return
        text = f"{self._where}: HTTP status {status} {reason[:80]}"
        if status in _FORBIDDEN:
            raise Unreachable(text, hint="the server refuses this node; is the address right?")
        if status in _MISUSED:
            raise Refused(text)
        raise Unreachable(text)

    @property
    def _where(self) -> str:
        return self.address.authority

    def _head(self, length: int) -> bytes:
        return (
            f"POST {self.address.path} HTTP/1.1\r\nHost: {self.address.authority}\r\n"
            f"User-Agent: opensvc-collector-client\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n"
        ).encode("ascii")

    def _open_socket(self, deadline: Deadline) -> socket.socket:
        problem: Exception = TimeoutError()
        found = look_up(self.address.host, self.address.port, deadline)
        if not self.address.has_port and all(where[0] == "127.0.0.1" for *_, where in found):
            raise Unresolved(f"{self.address.host}: this node itself, which stands for no collector")
        for number, (family, kind, protocol, _, where) in enumerate(found):
            if deadline.is_over:
                break
            try:
                plain = socket.socket(family, kind, protocol)
            except OSError as error:
                problem = error
                continue
            try:
                # An address that says nothing leaves time for those after it.
                plain.settimeout(max(deadline.remaining() / (len(found) - number), 0.001))
                plain.connect(where)
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if not self.address.is_encrypted:
                    return plain
                plain.settimeout(max(deadline.remaining(), 0.001))
                return self._trust().wrap_socket(plain, server_hostname=self.address.host)
            except OSError as error:
                plain.close()
                problem = error
        raise problem

    def _trust(self) -> ssl.SSLContext:
        """Who may vouch for the server: the system's authorities, or those of the file alone. Raises OSError."""
        return ssl.create_default_context(cafile=self.authorities or None)


class _Gone(Unreachable):
    """The connection was closed where an answer was due."""


def look_up(host: str, port: int, deadline: Deadline) -> list[Any]:
    """The addresses of a name, as ``socket.getaddrinfo`` gives them, within a limit that it itself does not know.

    Raises:
        Unresolved: none, or not in time.
    """
    answers: queue.SimpleQueue[list[Any] | Exception] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, name="look up", daemon=True).start()
    hint = "[collector] url in node.conf names the collector"
    try:
        answer = answers.get(timeout=max(deadline.remaining(), 0.001))
    except queue.Empty:
        raise Unresolved(f"{host}: its address was not found in time", hint=hint) from None
    if isinstance(answer, Exception):
        raise Unresolved(f"{host}: {_words(answer)}", hint=hint) from answer
    return answer


class _TimedSocket:
    """What an answer is read from; every wait in it ends at the deadline, however slowly bytes drip."""

    def __init__(self, wrapped: socket.socket) -> None:
        self.wrapped = wrapped
        self.deadline: Deadline

    def sendall(self, data: bytes) -> None:
        """Send everything. Raises OSError."""
        view = memoryview(data)
        while view:
            self.limit()
            view = view[self.wrapped.send(view[:_CHUNK]) :]
        # A server that writes head and body apart waits with the second until the first is acknowledged (RFC 896),
        # and Linux puts that off: 40 ms for each call.
        with suppress(OSError):
            self.wrapped.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)

    def makefile(self, mode: str) -> io.BufferedReader:
        """What an answer is read from."""
        return io.BufferedReader(_TimedReader(self))

    def close(self) -> None:
        """Close it."""
        self.wrapped.close()

    def limit(self) -> None:
        """Have the next wait end at the deadline. Raises TimeoutError where that has passed."""
        left = self.deadline.remaining()
        if left <= 0:
            raise TimeoutError
        self.wrapped.settimeout(left)


class _TimedReader(io.RawIOBase):
    def __init__(self, source: _TimedSocket) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._source.limit()
        return self._source.wrapped.recv_into(buffer)


def _read(answer: http.client.HTTPResponse) -> bytes:
    """The body of an answer. Raises ValueError where it is too long, HTTPException where it is cut."""
    parts: list[bytes] = []
    size = 0
    while part := answer.read(_CHUNK):
        parts.append(part)
        size += len(part)
        if size > LONGEST_ANSWER:
            message = f"an answer of more than {LONGEST_ANSWER} bytes"
            raise ValueError(message)
    if answer.length:
        raise http.client.IncompleteRead(b"", answer.length)
    return b"".join(parts)


def _words(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text)[:200]
