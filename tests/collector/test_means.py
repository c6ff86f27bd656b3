"""The means of the rounds do what they say: the clock, the wire, the small disk."""

from __future__ import annotations

import errno
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collector.shifted_clock import ShiftedClock, has_compiler
from tests.collector.small_disk import SmallDisk
from tests.collector.wire import State, Wire

pytestmark = pytest.mark.simulated

TELL = """
import sys, time, datetime
for line in sys.stdin:
    print(time.time(), datetime.datetime.now().timestamp(), flush=True)
"""


@pytest.mark.skipif(not has_compiler(), reason="needs gcc")
def test_a_clock_is_put_forward_and_back_under_a_process(tmp_path: Path) -> None:
    clock = ShiftedClock.build(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", TELL], env=clock.variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        for shift in (0, 86400, -3600, 0):
            clock.put(shift)
            child.stdin.write("tell\n")
            child.stdin.flush()
            for told in child.stdout.readline().split():
                assert abs(float(told) - time.time() - shift) < 60
        child.stdin.close()


@pytest.fixture
def line() -> Iterator[tuple[Wire, socket.socket]]:
    """A wire, and the listener at its end."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)
    wire = Wire(listener.getsockname()[1])
    yield wire, listener
    wire.close()
    listener.close()


def connect(wire: Wire) -> socket.socket:
    return socket.create_connection(("127.0.0.1", wire.port), timeout=10)


def test_a_wire_carries_and_is_cut(line: tuple[Wire, socket.socket]) -> None:
    wire, listener = line
    with connect(wire) as client, listener.accept()[0] as server:
        client.sendall(b"ping")
        assert server.recv(10) == b"ping"
        wire.put(State.CUT)
        client.sendall(b"lost?")
        server.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.recv(10)
        wire.mend()
        server.settimeout(10)
        assert server.recv(10) == b"lost?"


def test_a_wire_breaks_off_and_refuses(line: tuple[Wire, socket.socket]) -> None:
    wire, listener = line
    wire.break_after(4)
    with connect(wire) as client, listener.accept()[0] as server:
        client.sendall(b"1234567890")
        with pytest.raises(ConnectionResetError):
            client.recv(10)
        assert server.recv(10) == b"12345"
    wire.put(State.REFUSING)
    with pytest.raises(ConnectionResetError):
        connect(wire).recv(10)


def test_a_small_disk_is_full_and_empty_again(tmp_path: Path) -> None:
    try:
        disk = SmallDisk(tmp_path / "disk")
    except RuntimeError as error:
        pytest.skip(str(error))
    try:
        write = [*disk.enter, "sh", "-c", 'head -c 100000 /dev/zero > "$0"/file', str(disk.folder)]
        assert subprocess.run(write, check=False).returncode == 0
        assert (disk.outside / "file").stat().st_size == 100_000
        disk.fill(4096)
        with pytest.raises(OSError, match="No space") as full:
            (disk.outside / "more").write_bytes(b"x" * 10_000)
        assert full.value.errno == errno.ENOSPC
        disk.empty()
        (disk.outside / "more").write_bytes(b"x" * 10_000)
        assert not (tmp_path / "disk" / "file").exists()
    finally:
        disk.close()
