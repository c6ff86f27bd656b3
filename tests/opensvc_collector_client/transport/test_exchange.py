"""Exchanges with servers that are away, slow, broken or hostile: each ends within its limit, and says how."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from opensvc_collector_client.records import row
from opensvc_collector_client.transport.address import Address
from opensvc_collector_client.transport.collector import Collector
from opensvc_collector_client.transport.connection import HttpExchange
from opensvc_collector_client.transport.failures import CollectorError, Refused, Unreachable, Unresolved
from opensvc_core.api import Deadline
from opensvc_core.clock import SystemClock
from opensvc_testkit.collector import Certificates, Fault, FaultKind, RecordingCollector, has_openssl

pytestmark = pytest.mark.simulated

CLOCK = SystemClock()
SHORT = 0.3
"""Seconds of a limit that is to be reached."""


@contextmanager
def server(serve: Callable[[socket.socket], object]) -> Iterator[Address]:
    """A server that treats each connection in its own way, once its request came."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, suppress(OSError):
                    connection.recv(1 << 16)
                    serve(connection)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield Address.of(f"http://127.0.0.1:{listener.getsockname()[1]}/rpc")
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def post(address: Address, limit: float = 5.0) -> bytes:
    exchange = HttpExchange(address)
    try:
        return exchange.post(b"<x/>", Deadline.after(limit, CLOCK))
    finally:
        exchange.close()


def head(length: int | None, status: str = "200 OK") -> bytes:
    size = "" if length is None else f"Content-Length: {length}\r\n"
    return f"HTTP/1.1 {status}\r\n{size}\r\n".encode()


def test_an_answer_without_length_ends_with_its_connection() -> None:
    with server(lambda connection: connection.sendall(head(None) + b"all of it")) as address:
        assert post(address) == b"all of it"


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\n", head(1000)], ids=["head", "fields", "body"])
def test_bytes_that_drip_do_not_stretch_the_limit(first: bytes) -> None:
    ended = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(first)
        while not ended.wait(0.05):
            connection.sendall(b"x")

    with server(drip) as address:
        with pytest.raises(Unreachable, match="no answer in time"):
            post(address, SHORT)
        ended.set()


def test_a_server_that_says_nothing_is_left_at_the_limit() -> None:
    ended = threading.Event()
    with server(lambda _: ended.wait(30)) as address:
        with pytest.raises(Unreachable, match="no answer in time"):
            post(address, SHORT)
        ended.set()


def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(head(None))
        while True:
            connection.sendall(b"x" * 65536)

    with server(flood) as address, pytest.raises(Unreachable, match="more than"):
        post(address)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (head(0, "500 Trouble"), Unreachable),
        (head(0, "302 Found"), Unreachable),
        (head(0, "401 Who"), Unreachable),
        (head(0, "413 Large"), Refused),
        (head(50) + b"cut", Unreachable),
        (b"garbage\r\n\r\n", Unreachable),
        (b"", Unreachable),
    ],
)
def test_what_is_no_good_answer_says_what_to_do(said: bytes, kind: type[CollectorError]) -> None:
    with server(lambda connection: connection.sendall(said)) as address, pytest.raises(CollectorError) as caught:
        post(address)
    assert isinstance(caught.value, kind)


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unreachable, match="refused"):
        post(Address.of(f"http://127.0.0.1:{port}/"))


def test_a_name_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unresolved, match="not known"):
        post(Address.of("http://nobody.invalid/"))


def test_a_look_up_that_hangs_is_left_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [ended.wait(30)])
    with pytest.raises(Unresolved, match="not found in time"):
        post(Address.of("http://slow.invalid/"), SHORT)
    ended.set()


def test_an_address_that_says_nothing_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as silent,
        server(lambda connection: connection.sendall(head(2) + b"ok")) as address,
    ):
        places = [silent.getsockname(), ("127.0.0.1", address.port)]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]
        # What is not taken fills its queue: whoever comes then hears nothing.
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(places[0])
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        assert post(address, 4 * SHORT) == b"ok"
        for each in waiting:
            each.close()


def test_the_default_name_that_means_this_node_means_no_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(Unresolved, match="this node itself"):
        post(Address.of("http://dbopensvc/"))


# -- with the recording collector -------------------------------------------------------------------------------------


def collector_at(recording: RecordingCollector, limit: float = 10.0, authorities: str = "") -> Collector:
    return Collector(HttpExchange(Address.of(recording.url), authorities), CLOCK, limit)


CALL = row(
    "insert_nothing",
    {
        "svcname": "s",
        "action": "start",
        "hostname": "n",
        "hostid": "n",
        "version": "1",
        "begin": "2010-05-18 04:00:01.250000",
    },
)
BEGIN = row("begin_action", dict(zip(*CALL.arguments, strict=True)))


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordingCollector]:
    with RecordingCollector.up(tmp_path_factory.mktemp("collector")) as up:
        yield up


def test_a_collector_takes_records_over_one_connection_and_again_after_it_was_killed(
    recording: RecordingCollector,
) -> None:
    recording.mend()
    collector = collector_at(recording)
    assert collector.has("begin_action")
    assert not collector.has("insert_nothing")
    before = recording.record.count("begin_action")
    collector.send(BEGIN)
    recording.kill()
    with pytest.raises(Unreachable):
        collector.send(BEGIN)
    recording.start()
    collector.send(BEGIN)
    assert recording.record.count("begin_action") == before + 2
    with pytest.raises(Refused, match="not supported"):
        collector.send(CALL)
    collector.close()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(FaultKind.HANG), Unreachable),
        (Fault(FaultKind.LOSE_ANSWER), Unreachable),
        (Fault(FaultKind.RESET), Unreachable),
        (Fault(FaultKind.DRIP), Unreachable),
        (Fault(FaultKind.STATUS, status=503), Unreachable),
        (Fault(FaultKind.FAULT, text="no such column"), Refused),
        (Fault(FaultKind.GARBAGE), Unreachable),
        (Fault(FaultKind.NONSENSE), Unreachable),
        (Fault(FaultKind.TRUNCATED), Unreachable),
        (Fault(FaultKind.HUGE), Unreachable),
    ],
    ids=lambda value: value.kind.value if isinstance(value, Fault) else value.__name__,
)
def test_no_fault_of_a_collector_passes_for_a_record_taken(
    recording: RecordingCollector, fault: Fault, kind: type[CollectorError]
) -> None:
    recording.break_with(fault)
    collector = collector_at(recording, SHORT if fault.kind in {FaultKind.HANG, FaultKind.DRIP} else 10.0)
    with pytest.raises(CollectorError) as caught:
        collector.send(BEGIN)
    assert isinstance(caught.value, kind)
    recording.mend()
    collector_at(recording).send(BEGIN)


@pytest.mark.skipif(not has_openssl(), reason="no openssl to make certificates with")
def test_a_certificate_is_checked(tmp_path: Path) -> None:
    certificates = Certificates.make(tmp_path / "certificates")
    with RecordingCollector.up(tmp_path / "collector", certificates) as up:
        with pytest.raises(Unreachable, match="not to be trusted"):
            collector_at(up).send(BEGIN)
        collector_at(up, authorities=str(certificates.authority)).send(BEGIN)
        assert up.record.count("begin_action") == 1
