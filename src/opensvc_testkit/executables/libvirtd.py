"""Simulated ``libvirtd``: listens on its socket, and receives the guests that a simulated ``virsh migrate`` brings.

Everything else ``virsh`` does to the world itself. ``libvirtd [-d] [-f FILE] [-p FILE]``; of the configuration only
``unix_sock_dir`` is read. It ends when its world does.
"""

# pathlib would add a third to the time of a call:
# ruff: noqa: PTH103, PTH108, PTH110, PTH123
from __future__ import annotations

import contextlib
import os
import socket
import threading

from opensvc_testkit.executables import incoming, jobs, life, virsh_wire
from opensvc_testkit.executables.call import POLL, Answer, NotSimulatedError
from opensvc_testkit.executables.store import NoWorldError, now
from opensvc_testkit.executables.virsh_destination import LAST, PIECE
from opensvc_testkit.executables.virsh_session import RefusedError
from opensvc_testkit.executables.virsh_wire import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node

    T = TypeVar("T")

FOLDER = "/run/libvirt"
SOCKET = "libvirt-sock"
LOOK = 0.2
"""Seconds between two looks whether the world is still there."""
ARRIVAL_LIMIT = 10.0
"""Seconds that the end of a memory may come later than the word that it was sent."""


def run(call: Call) -> Answer:
    """Serve; with ``-d`` in the background, once it listens."""
    options = {"-f": "", "--config": "", "-p": "", "--pid-file": ""}
    words, is_daemon = list(call.words), False
    while words:
        word, equals, value = words.pop(0).partition("=")
        if word in ("-d", "--daemon"):
            is_daemon = True
        elif word in options and (equals or words):
            options[word] = value if equals else words.pop(0)
        else:
            raise NotSimulatedError(word)
    folder = _folder(options["-f"] or options["--config"])
    os.makedirs(folder, exist_ok=True)
    path = f"{folder}/{SOCKET}"
    if os.path.exists(path):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen()
    pid = os.fork() if is_daemon else 0
    if pid_file := (options["-p"] or options["--pid-file"]) if pid or not is_daemon else "":
        with open(pid_file, "w", encoding="ascii") as file:
            file.write(f"{pid or os.getpid()}\n")
    if pid:
        return Answer()
    if is_daemon:
        os.setsid()
        for descriptor in range(3):
            os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    _serve(call, listener)
    return Answer()


def _folder(path: str) -> str:
    if path:
        with open(path, encoding="utf-8") as file:
            for line in file:
                key, _, value = line.partition("=")
                if key.strip() == "unix_sock_dir":
                    return value.strip().strip("\"'")
    return FOLDER


def _serve(call: Call, listener: socket.socket) -> None:
    listener.settimeout(LOOK)
    while True:
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            try:
                with call.store.opened():
                    continue
            except NoWorldError:
                return
        threading.Thread(target=Connection(call, connection).serve, daemon=True).start()


class Connection:
    """One client, and the guest that it brings."""

    def __init__(self, call: Call, connection: socket.socket) -> None:
        self._call = call
        self._connection = connection
        self._guest = ""
        self._persistent = ""
        self._memory = b""
        self._has_ended = threading.Event()

    def serve(self) -> None:
        """Answer until it hangs up. A guest that has not come by then does not come."""
        try:
            self._connection.settimeout(None)
            while message := virsh_wire.read(self._connection):
                try:
                    if not self._is_running():
                        return
                    self._do(message)
                    answer = (virsh_wire.OK, b"")
                except RefusedError as error:
                    text = error.text.splitlines()[0].removeprefix("error: ")
                    answer = (virsh_wire.ERROR, virsh_wire.string(text))
                Message(message.procedure, virsh_wire.REPLY, message.serial, *answer).send(self._connection)
                if message.procedure == virsh_wire.CLOSE:
                    return
        except (OSError, NoWorldError):
            pass
        finally:
            self._has_ended.set()
            self._connection.close()
            self._abandon()

    def _do(self, message: Message) -> None:
        if message.procedure == virsh_wire.PREPARE:
            told, _ = virsh_wire.read_parameters(message.body)
            path = told["migrate_uri"].removeprefix("unix://")
            self._persistent = told.get("persistent_xml", "")
            self._guest = self._at(lambda node, at: incoming.prepare(node, told["destination_xml"]))
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(path)
            listener.listen(1)
            self._arrived = threading.Thread(target=self._receive, args=(listener,), daemon=True)
            self._arrived.start()
        elif message.procedure == virsh_wire.FINISH:
            _, (_, is_cancelled) = virsh_wire.read_parameters(message.body)
            if is_cancelled:
                self._abandon()
                return
            self._arrived.join(ARRIVAL_LIMIT)
            folder = self._call.store.folder
            self._at(lambda node, at: incoming.finish(folder, node, self._guest, self._memory, self._persistent, at))

    def _receive(self, listener: socket.socket) -> None:
        """QEMU's part: take the memory, as long as the guest is expected."""
        listener.settimeout(POLL * 5)
        connection: socket.socket | None = None
        try:
            while self._is_expected() and not self._has_ended.is_set():
                try:
                    if connection is None:
                        connection, _ = listener.accept()
                        connection.settimeout(POLL * 5)
                    head = connection.recv(PIECE.size, socket.MSG_PEEK)
                except TimeoutError:
                    continue
                if not head:
                    self._abandon()
                    return
                connection.settimeout(ARRIVAL_LIMIT)
                kind, size = PIECE.unpack(virsh_wire.read_exactly(connection, PIECE.size))
                piece = virsh_wire.read_exactly(connection, size)
                connection.settimeout(POLL * 5)
                if kind == LAST and len(piece) == size:
                    self._memory = piece
                    return
        except (OSError, NoWorldError):
            self._abandon()
        finally:
            listener.close()
            if connection is not None:
                connection.close()

    def _is_expected(self) -> bool:
        return self._is_running() and self._at(lambda node, at: jobs.is_own(node["domains"].get(self._guest), jobs.IN))

    def _is_running(self) -> bool:
        """Whether this node's libvirtd is to be taken for running; waits while it is to be taken for hung."""
        self._call.wait_while(lambda world: self._call.here(world)["libvirtd"] == "hung")
        with self._call.store.opened() as world:
            return self._call.here(world)["libvirtd"] == "running"

    def _abandon(self) -> None:
        if self._guest:
            with contextlib.suppress(NoWorldError):
                self._at(lambda node, at: incoming.abandon(node, self._guest))

    def _at(self, work: Callable[[Node, float], T]) -> T:
        with self._call.store.opened() as world:
            life.settle(self._call.store.folder, world, now(world))
            return work(self._call.here(world), now(world))
