"""The network between a node and its collector: a relay of real sockets that can be cut, refuse, and break off."""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from enum import Enum

from attrs import define, field

PAUSE = 0.02
CHUNK = 65536


class State(Enum):
    """What becomes of connections."""

    WHOLE = "whole"
    CUT = "cut"
    """Nothing passes, in either direction, on old connections and new ones; nobody is told."""
    REFUSING = "refusing"
    """New connections are reset at once."""


@define
class Wire:
    """A relay on a port of 127.0.0.1, in threads of this process.

    Attributes:
        target: port that it leads to.
        port: that it listens on.
    """

    target: int
    port: int = field(default=0, init=False)
    _state: State = field(default=State.WHOLE, init=False)
    _budget: int | None = field(default=None, init=False)
    _listener: socket.socket = field(init=False, repr=False)
    _is_open: bool = field(default=True, init=False)

    def __attrs_post_init__(self) -> None:
        """Listen."""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def put(self, state: State) -> None:
        """Change what becomes of connections from now on."""
        self._state = state

    def break_after(self, octets: int) -> None:
        """Reset the connection that carries the octet after these towards the collector, once."""
        self._budget = octets

    def mend(self) -> None:
        """Whole again."""
        self._state, self._budget = State.WHOLE, None

    def close(self) -> None:
        """Stop relaying."""
        self._is_open = False
        self._listener.close()

    def _accept(self) -> None:
        while self._is_open:
            try:
                if self._state is State.CUT or not select.select([self._listener], [], [], PAUSE)[0]:
                    time.sleep(PAUSE if self._state is State.CUT else 0)
                    continue
                client, _ = self._listener.accept()
            except (OSError, ValueError):
                return
            if self._state is State.REFUSING:
                _reset(client)
                continue
            threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
        except OSError:
            _reset(client)
            return
        other = {client: server, server: client}
        with client, server:
            while self._is_open:
                if self._state is State.CUT:
                    time.sleep(PAUSE)
                    continue
                try:
                    ready = select.select(list(other), [], [], PAUSE)[0]
                    # Cut while we waited: what came since does not pass.
                    for source in [] if self._is_cut() else ready:
                        data = source.recv(CHUNK)
                        if not data:
                            return
                        if source is client and not self._may_pass(len(data)):
                            other[source].sendall(data[: len(data) // 2])
                            _reset(client)
                            return
                        other[source].sendall(data)
                except OSError:
                    _reset(client)
                    return

    def _is_cut(self) -> bool:
        return self._state is State.CUT

    def _may_pass(self, octets: int) -> bool:
        if self._budget is None:
            return True
        self._budget -= octets
        if self._budget >= 0:
            return True
        self._budget = None
        return False


def _reset(connection: socket.socket) -> None:
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        return
    connection.close()
