"""What of libvirt's remote protocol a migration uses: frames, numbers, typed parameters; bodies of answers are our own.

Frames and numbers: libvirt's ``virnetprotocol.x`` and ``remote_protocol.x``; which procedures: seen, ``virsh migrate``
of libvirt 9.0.0. After a frame's parameters comes what is left out here, as nobody reads it: cookies.
"""

from __future__ import annotations

import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

PROGRAM, VERSION = 0x20008086, 1
OPEN, CLOSE, SUPPORTS_FEATURE, AUTH_LIST, PREPARE, FINISH = 1, 2, 60, 66, 303, 306
CALL, REPLY = 0, 1
OK, ERROR = 0, 1
HEADER = struct.Struct(">IIIiIII")
LARGEST = 4 << 20
STRING = 7
"""Type of a typed parameter; others are not used."""


class Message:
    """One frame: which procedure, call or reply, its number, whether it tells of an error, its body."""

    __slots__ = ("body", "kind", "procedure", "serial", "status")

    def __init__(self, procedure: int, kind: int, serial: int, status: int, body: bytes) -> None:
        self.procedure = procedure
        self.kind = kind
        self.serial = serial
        self.status = status
        self.body = body

    def send(self, connection: socket.socket) -> None:
        """Send it. Raises OSError."""
        size = HEADER.size + len(self.body)
        head = HEADER.pack(size, PROGRAM, VERSION, self.procedure, self.kind, self.serial, self.status)
        connection.sendall(head + self.body)


def read(connection: socket.socket) -> Message | None:
    """The next frame, None at the end of the stream or of its sense. Raises OSError."""
    head = read_exactly(connection, HEADER.size)
    if len(head) < HEADER.size:
        return None
    size, program, _, procedure, kind, serial, status = HEADER.unpack(head)
    if program != PROGRAM or not HEADER.size <= size <= LARGEST:
        return None
    body = read_exactly(connection, size - HEADER.size)
    return Message(procedure, kind, serial, status, body) if len(body) == size - HEADER.size else None


def read_exactly(connection: socket.socket, size: int) -> bytes:
    """So many bytes, or fewer at the end of the stream. Raises OSError."""
    data = b""
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            break
        data += chunk
    return data


def string(text: str) -> bytes:
    """A string as XDR has it."""
    data = text.encode()
    return struct.pack(">I", len(data)) + data + b"\0" * (-len(data) % 4)


def read_string(body: bytes, offset: int = 0) -> tuple[str, int]:
    """A string, and where what follows it begins."""
    (length,) = struct.unpack_from(">I", body, offset)
    begin = offset + 4
    return body[begin : begin + length].decode("utf-8", "replace"), begin + length + -length % 4


def parameters(values: dict[str, str], *numbers: int) -> bytes:
    """Typed parameters, an empty cookie, and what follows."""
    told = struct.pack(">I", len(values))
    for name, value in values.items():
        told += string(name) + struct.pack(">i", STRING) + string(value)
    return told + struct.pack(f">{1 + len(numbers)}I", 0, *numbers)


def read_parameters(body: bytes) -> tuple[dict[str, str], tuple[int, ...]]:
    """The parameters of a call of ours, and the numbers after its cookie."""
    (count,) = struct.unpack_from(">I", body)
    offset, values = 4, {}
    for _ in range(count):
        name, offset = read_string(body, offset)
        values[name], offset = read_string(body, offset + 4)
    rest = (len(body) - offset) // 4
    return values, struct.unpack_from(f">{rest}I", body, offset)[1:]
