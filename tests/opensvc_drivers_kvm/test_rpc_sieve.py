"""What of libvirt's protocol passes in a migration: whole messages about the one guest, however they are cut."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.api import ActionError
from opensvc_drivers_kvm.rpc_sieve import FINISH, HEADER, KEEPALIVE, PREPARE, REMOTE, MigrationSieve
from opensvc_testkit.definitions import domain_xml

UNDEFINE, CREATE_XML = 35, 10


def message(procedure: int, body: bytes = b"", *, program: int = REMOTE, kind: int = 0) -> bytes:
    return HEADER.pack(HEADER.size + len(body), program, 1, procedure, kind, 7, 0) + body


def text(word: str) -> bytes:
    data = word.encode()
    return struct.pack(">I", len(data)) + data + b"\0" * (-len(data) % 4)


def parameters(**values: str | int) -> bytes:
    body = struct.pack(">I", len(values))
    for name, value in values.items():
        body += text(name)
        body += struct.pack(">iQ", 4, value) if isinstance(value, int) else struct.pack(">i", 7) + text(value)
    # The cookie and the flags, which follow.
    return body + text("cookie") + struct.pack(">I", 1)


GOOD = [
    message(66),
    message(60, struct.pack(">i", 4)),
    message(1, text("qemu:///system")),
    message(PREPARE, parameters(migrate_uri="unix:///x", bandwidth=3, destination_xml=domain_xml("vm1"))),
    message(1, program=KEEPALIVE, kind=2),
    message(FINISH, parameters(destination_name="vm1")),
    message(2),
]


@given(st.lists(st.integers(0, sum(map(len, GOOD))), max_size=12))
def test_a_migration_passes_as_it_is_however_it_is_cut(cuts: list[int]) -> None:
    whole, sieve, passed = b"".join(GOOD), MigrationSieve("vm1"), b""
    edges = sorted({0, len(whole), *cuts})
    for begin, end in pairwise(edges):
        passed += sieve.let_through(whole[begin:end])
    assert passed == whole


@pytest.mark.parametrize(
    "bad",
    [
        message(UNDEFINE, text("vm2")),
        message(CREATE_XML, text(domain_xml("vm1"))),
        message(PREPARE, parameters(destination_xml=domain_xml("vm2"))),
        message(PREPARE, parameters(destination_xml=domain_xml("vm1"), destination_name="vm2")),
        message(PREPARE, parameters(destination_xml=domain_xml("vm1"), persistent_xml=domain_xml("vm2"))),
        message(PREPARE, parameters(destination_name="vm1")),
        message(PREPARE, struct.pack(">I", 1 << 30)),
        message(PREPARE, b""),
        message(FINISH, parameters(bandwidth=1)),
        message(2, program=0x20008087),
        message(2, kind=1),
        struct.pack(">I", 1 << 31) + b"\0" * 28,
        struct.pack(">I", 3) + b"\0" * 28,
    ],
)
def test_anything_else_ends_the_channel(bad: bytes) -> None:
    sieve = MigrationSieve("vm1")
    sieve.let_through(GOOD[0])
    with pytest.raises(ActionError) as refused:
        sieve.let_through(bad)
    assert refused.value.code == "channel_refused"


@given(st.binary(max_size=200))
def test_a_migration_that_is_garbage_does_not_pass(garbage: bytes) -> None:
    with pytest.raises(ActionError) as refused:
        MigrationSieve("vm1").let_through(message(PREPARE, garbage))
    assert refused.value.code == "channel_refused"
