"""The recording collector's HTTP server: reads a call, lets a fault strike or answers it."""

from __future__ import annotations

import os
import select
import signal
import socket
import ssl
import struct
import threading
import time
import xmlrpc.client
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

from opensvc_testkit.collector.answering import Answering, fault, reply
from opensvc_testkit.collector.faults import KEEPING, Fault, FaultKind
from opensvc_testkit.collector.switchboard import PAUSE, Switchboard

PATH = "/init/default/call/xmlrpc"
"""Where the agents of 2010 call."""
REQUEST_LIMIT = 64 << 20
"""Bytes of a request that are read."""
GARBAGE = b"\x00\xff<html><body>It works!</body></html>\xfe"
CHUNK = 1 << 16


class CollectorServer(ThreadingHTTPServer):
    """The server, of HTTP or HTTPS.

    Args:
        port: of 127.0.0.1; 0 takes a free one.
        answering: what answers.
        switchboard: what goes wrong.
        certificate: PEM file of the server with its key; None for HTTP.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, port: int, answering: Answering, switchboard: Switchboard, certificate: Path | None = None
    ) -> None:
        self.answering = answering
        self.switchboard = switchboard
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
        super().__init__(("127.0.0.1", port), _Request)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Take a connection; its handshake is its own thread's work."""
        connection, address = super().get_request()
        if self._tls is not None:
            connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def serve(self) -> None:
        """Take connections for as long as the process lives."""
        while True:
            # The fault may be switched on while nobody calls: it is looked for once a caller is there.
            if select.select([self], [], [])[0] and self.switchboard.is_accepting():
                self.handle_request()
            else:
                time.sleep(PAUSE)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no trouble of the collector's."""


class _Request(BaseHTTPRequestHandler):
    """One connection of a client."""

    server: CollectorServer
    protocol_version = "HTTP/1.1"
    timeout = 120
    # An answer is one packet: of two, the second may wait for the client's word that it has the first.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """One call."""
        if self.path != PATH:
            self.send_error(404)
            return
        length = int(self.headers.get("Content-Length") or 0)
        board = self.server.switchboard
        if length > REQUEST_LIMIT:
            self.send_error(413)
            return
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        try:
            arguments, name = xmlrpc.client.loads(body)
        except (ExpatError, xmlrpc.client.Error, ValueError, TypeError) as error:
            self._send(fault(0, f"not XML-RPC: {error}"))
            return
        struck = board.strike(name or "")
        if struck is None or struck.kind in KEEPING or struck.kind in {FaultKind.REFUSE, FaultKind.UNREGISTERED}:
            registered = struck is None or struck.kind is not FaultKind.UNREGISTERED
            answer = self.server.answering.answer(name or "", arguments, board.refused(), registered=registered)
        else:
            answer = b""
        if struck is None or struck.kind in {FaultKind.REFUSE, FaultKind.UNREGISTERED}:
            self._send(answer)
        else:
            self._fail(struck, answer)

    def do_GET(self) -> None:
        """Whoever looks with a browser is told what this is."""
        self._send(b"a recording collector, for tests\n", kind="text/plain")

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: what came is in the database."""

    # -- faults ---------------------------------------------------------------------------------------------------

    def _fail(self, struck: Fault, answer: bytes) -> None:
        """Fail before anything was kept."""
        match struck.kind:
            case FaultKind.HANG:
                self._hang()
            case FaultKind.RESET:
                self._reset()
            case FaultKind.STATUS:
                self._send(b"<html><body>trouble</body></html>", struck.status, "text/html")
            case FaultKind.FAULT:
                self._send(fault(struck.status, struck.text or "trouble"))
            case FaultKind.GARBAGE:
                self._send(struck.text.encode() or GARBAGE)
            case FaultKind.NONSENSE:
                self._send(reply({"unexpected": [1, 2, {"three": False}]}))
            case FaultKind.DIE:
                os.kill(os.getpid(), signal.SIGKILL)
            case _:
                self._fail_late(struck, answer)

    def _fail_late(self, struck: Fault, answer: bytes) -> None:
        """Fail when the record was kept, and its answer is to be given."""
        match struck.kind:
            case FaultKind.HANG_AFTER:
                self._hang()
            case FaultKind.LOSE_ANSWER:
                self.close_connection = True
            case FaultKind.DRIP:
                self._drip(answer, struck.seconds)
            case FaultKind.SLOW:
                time.sleep(struck.seconds)
                self._send(answer)
            case FaultKind.TRUNCATED:
                self._head(len(answer))
                self.wfile.write(answer[: len(answer) // 2])
                self.close_connection = True
            case FaultKind.HUGE:
                self._huge(struck.size)
            case FaultKind.DIE_AFTER:
                os.kill(os.getpid(), signal.SIGKILL)
            case _:
                raise AssertionError(struck.kind)

    def _hang(self) -> None:
        number = self.server.switchboard.number()
        while self.server.switchboard.number() == number:
            time.sleep(PAUSE)
        self.close_connection = True

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _drip(self, answer: bytes, seconds: float) -> None:
        self._head(len(answer))
        for place in range(len(answer)):
            self.wfile.write(answer[place : place + 1])
            self.wfile.flush()
            time.sleep(seconds)

    def _huge(self, size: int) -> None:
        self._head(size)
        self.wfile.write(b"<?xml version='1.0'?><methodResponse><params><param><value><string>")
        for _ in range(size // CHUNK):
            self.wfile.write(b"x" * CHUNK)
        self.close_connection = True

    def _send(self, body: bytes, status: int = 200, kind: str = "text/xml") -> None:
        self._head(len(body), status, kind)
        self.wfile.write(body)

    def _head(self, length: int, status: int = 200, kind: str = "text/xml") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.end_headers()


def watch(parent: int) -> None:
    """End this process when the one that started it is gone: a test that was killed leaves no collector behind."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(0)

    threading.Thread(target=look, daemon=True).start()
