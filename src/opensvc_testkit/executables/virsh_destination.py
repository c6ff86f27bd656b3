"""Where ``virsh migrate`` brings a guest: another node of the same world, or whatever libvirt listens on a socket."""

from __future__ import annotations

import contextlib
import socket
import struct

from opensvc_testkit.executables import incoming, virsh_wire
from opensvc_testkit.executables.call import NotSimulatedError
from opensvc_testkit.executables.virsh_session import RefusedError
from opensvc_testkit.executables.virsh_wire import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Node

    T = TypeVar("T")

GONE = "End of file while reading data: Input/output error"
PAGES, LAST = b"p", b"m"
"""What the stream of a guest's memory is made of: pages, which nobody looks at, and in the end what runs in it."""
PIECE = struct.Struct(">cI")
PAGE = bytes(4096)


class SameWorld:
    """A libvirt of the same world, as ``qemu+ssh://NODE/system`` reaches it."""

    def __init__(self, call: Call, uri: str) -> None:
        """Raises RefusedError where it is not reached."""
        self._call = call
        self._uri = uri
        self._name = ""
        self._persistent = ""
        self._memory = b""
        self.node = self._at(lambda node, now: node["name"])

    def prepare(self, xml: str, persistent_xml: str) -> None:
        """Have it expect the guest. Raises RefusedError."""
        self._persistent = persistent_xml
        self._name = self._at(lambda node, now: incoming.prepare(node, xml))

    def send(self, memory: bytes) -> None:
        """A part of the memory, the whole of it at the end. Raises RefusedError when it does not listen any more."""
        self._memory = memory
        from opensvc_testkit.executables import jobs

        if not self._at(lambda node, now: jobs.is_own(node["domains"].get(self._name), jobs.IN)):
            raise RefusedError(incoming.BROKEN)

    def finish(self) -> None:
        """Let the guest go on there. Raises RefusedError: it does not."""
        folder = self._call.store.folder
        self._at(lambda node, now: incoming.finish(folder, node, self._name, self._memory, self._persistent, now))

    def abandon(self) -> None:
        """The guest does not come."""
        # If its libvirt is dead, it sees that nobody comes when it is back.
        with contextlib.suppress(RefusedError):
            self._at(lambda node, now: incoming.abandon(node, self._name))

    def _at(self, work: Callable[[Node, float], T]) -> T:
        from opensvc_testkit.executables.virsh import at

        try:
            return at(self._call, self._uri, lambda session: work(session.node, session.now))
        except RefusedError as error:
            # virsh tells why, and not that it was about a connection (captured).
            raise RefusedError(*[line.removeprefix("error: ") for line in error.text.splitlines()[-1:]]) from None


class Socket:
    """A libvirt behind a socket: ``qemu+unix:///system?socket=PATH``, with the memory over another one."""

    def __init__(self, path: str, memory_uri: str) -> None:
        """Connect, and open the hypervisor. Raises RefusedError."""
        if not memory_uri.startswith("unix://"):
            raise NotSimulatedError(f"--migrateuri {memory_uri}")
        self._memory_path = memory_uri.removeprefix("unix://")
        self._control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._memory: socket.socket | None = None
        self._serial = 0
        self._named: dict[str, str] = {}
        try:
            self._control.connect(path)
        except OSError as error:
            raise RefusedError(f"Failed to connect socket to '{path}': {error.strerror}") from None
        self._ask(virsh_wire.AUTH_LIST)
        system = struct.pack(">I", 1) + virsh_wire.string("qemu:///system") + struct.pack(">I", 0)
        self._ask(virsh_wire.OPEN, system)
        self._ask(virsh_wire.SUPPORTS_FEATURE, struct.pack(">i", 1))
        self.node = ""

    def prepare(self, xml: str, persistent_xml: str) -> None:
        """Have it expect the guest, and connect to where its QEMU listens. Raises RefusedError."""
        self._named = {"destination_xml": xml}
        if persistent_xml:
            self._named["persistent_xml"] = persistent_xml
        uri = {"migrate_uri": f"unix://{self._memory_path}"}
        self._ask(virsh_wire.PREPARE, virsh_wire.parameters({**uri, **self._named}, 0))
        self._memory = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._memory.connect(self._memory_path)
        except OSError as error:
            raise RefusedError(  # [R]
                f"internal error: unable to connect to '{self._memory_path}': {error.strerror}"
            ) from None

    def send(self, memory: bytes) -> None:
        """A part of the memory, the whole of it at the end. Raises RefusedError when it does not listen any more."""
        if self._memory is None:
            raise RefusedError(incoming.BROKEN)
        kind, piece = (LAST, memory) if memory else (PAGES, PAGE)
        try:
            self._memory.setblocking(True)
            self._memory.sendall(PIECE.pack(kind, len(piece)) + piece)
            if memory:
                self._memory.shutdown(socket.SHUT_WR)
            elif _has_ended(self._memory):
                raise RefusedError(GONE if _has_ended(self._control) else incoming.BROKEN)
        except OSError:
            raise RefusedError(GONE if _has_ended(self._control) else incoming.BROKEN) from None
        if not memory and _has_ended(self._control):
            raise RefusedError(GONE)

    def finish(self) -> None:
        """Let the guest go on there. Raises RefusedError: it does not, or nobody tells."""
        self._ask(virsh_wire.FINISH, virsh_wire.parameters(self._named, 0, 0))
        self._ask(virsh_wire.CLOSE)
        self._close()

    def abandon(self) -> None:
        """The guest does not come."""
        if self._named:
            # That is what it answers, if it still listens.
            with contextlib.suppress(RefusedError):
                self._ask(virsh_wire.FINISH, virsh_wire.parameters(self._named, 0, 1))
        self._close()

    def _ask(self, procedure: int, body: bytes = b"") -> None:
        self._serial += 1
        try:
            self._control.setblocking(True)
            Message(procedure, virsh_wire.CALL, self._serial, virsh_wire.OK, body).send(self._control)
            answer = virsh_wire.read(self._control)
        except OSError as error:
            raise RefusedError(f"Cannot write data: {error.strerror}") from None  # [R]
        if answer is None:
            raise RefusedError(GONE)
        if answer.status == virsh_wire.ERROR:
            raise RefusedError(virsh_wire.read_string(answer.body)[0])

    def _close(self) -> None:
        self._control.close()
        if self._memory is not None:
            self._memory.close()


def _has_ended(connection: socket.socket) -> bool:
    """Whether the other side has hung up."""
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def destination(call: Call, uri: str, memory_uri: str) -> SameWorld | Socket:
    """What a URI leads to. Raises RefusedError, NotSimulatedError."""
    base, _, query = uri.partition("?")
    if base.startswith("qemu+unix://"):
        path = next((part.removeprefix("socket=") for part in query.split("&") if part.startswith("socket=")), "")
        return Socket(path or "/var/run/libvirt/libvirt-sock", memory_uri)
    return SameWorld(call, uri)
