"""What of libvirt's remote protocol may pass in a migration of one guest; everything else ends the channel.

Frames, numbers of programs and procedures, and the form of typed parameters: libvirt's ``virnetprotocol.x`` and
``remote_protocol.x``; the procedures are those that ``virsh migrate`` of libvirt 9.0.0 was seen to call.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from attrs import define

from opensvc_core.api import ActionError
from opensvc_drivers_kvm.definition import Definition, DefinitionError

REMOTE, KEEPALIVE = 0x20008086, 0x6B656570
"""Programs: libvirt's own, and its signs of life."""
CALL = 0
OPEN, CLOSE, SUPPORTS_FEATURE, AUTH_LIST, PREPARE, FINISH = 1, 2, 60, 66, 303, 306
HARMLESS = frozenset({OPEN, CLOSE, SUPPORTS_FEATURE, AUTH_LIST})
MIGRATION = frozenset({PREPARE, FINISH})
"""``DOMAIN_MIGRATE_PREPARE3_PARAMS`` and ``DOMAIN_MIGRATE_FINISH3_PARAMS``: both name the guest."""
LARGEST = 4 << 20
"""Bytes of the largest message: a definition, and what both libvirts tell of themselves."""
HEADER = struct.Struct(">IIIiIII")
"""Length, program, version, procedure, type, serial number, status."""
PARAMETERS = 64
"""More typed parameters than a migration has."""
DEFINITIONS = frozenset({"destination_xml", "persistent_xml"})
NAME = "destination_name"
_SIZES = {1: 4, 2: 4, 3: 8, 4: 8, 5: 8, 6: 4}
_STRING = 7


@define
class MigrationSieve:
    """Lets the calls of a migration of one guest through, whole messages at a time.

    Attributes:
        guest: name of the domain.
    """

    guest: str
    _kept: bytes = b""

    def let_through(self, data: bytes) -> bytes:
        """See ``channel.Sieve``."""
        self._kept += data
        passed = b""
        while len(self._kept) >= HEADER.size:
            length = HEADER.unpack_from(self._kept)[0]
            if not HEADER.size <= length <= LARGEST:
                raise _refused(f"a message of {length} bytes")
            if len(self._kept) < length:
                break
            message, self._kept = self._kept[:length], self._kept[length:]
            self._check(message)
            passed += message
        return passed

    def _check(self, message: bytes) -> None:
        _, program, _, procedure, kind, _, _ = HEADER.unpack_from(message)
        if program == KEEPALIVE:
            return
        if program != REMOTE or kind != CALL or procedure not in HARMLESS | MIGRATION:
            raise _refused(f"procedure {procedure} of program {program:#x}")
        if procedure in MIGRATION:
            self._check_guest(message[HEADER.size :], procedure)

    def _check_guest(self, body: bytes, procedure: int) -> None:
        try:
            named = dict(strings_of(body))
            names = [Definition.parse(named[each], each).name for each in sorted(DEFINITIONS & set(named))]
        except (struct.error, UnicodeDecodeError, IndexError, ValueError, DefinitionError) as error:
            raise _refused(f"a migration that cannot be read: {error}") from error
        names += [named[NAME]] if NAME in named else []
        if not names or (procedure == PREPARE and "destination_xml" not in named):
            raise _refused("a migration that names no guest")
        if other := next((name for name in names if name != self.guest), None):
            raise _refused(f"a migration of {other!r}")


def strings_of(body: bytes) -> Iterator[tuple[str, str]]:
    """Names and values of the string parameters that a call begins with.

    Raises:
        ValueError, struct.error: it does not begin with typed parameters, or gives one twice.
    """
    (count,) = struct.unpack_from(">I", body)
    if count > PARAMETERS:
        message = f"{count} parameters"
        raise ValueError(message)
    offset, seen = 4, set()
    for _ in range(count):
        name, offset = _string(body, offset)
        if name in seen:
            message = f"{name} twice"
            raise ValueError(message)
        seen.add(name)
        (kind,) = struct.unpack_from(">i", body, offset)
        offset += 4
        if kind == _STRING:
            value, offset = _string(body, offset)
            yield name, value
        elif kind in _SIZES:
            offset += _SIZES[kind]
        else:
            message = f"a parameter of type {kind}"
            raise ValueError(message)
    if offset > len(body):
        message = "it ends in the middle"
        raise ValueError(message)


def _string(body: bytes, offset: int) -> tuple[str, int]:
    (length,) = struct.unpack_from(">I", body, offset)
    begin = offset + 4
    text = body[begin : begin + length]
    if len(text) != length:
        message = "it ends in the middle"
        raise ValueError(message)
    # Padded to a multiple of four bytes (XDR).
    return text.decode("utf-8"), begin + length + -length % 4


def _refused(what: str) -> ActionError:
    return ActionError(
        f"the source asks libvirt here for {what}, which the migration of its guest does not need",
        code="channel_refused",
    )
