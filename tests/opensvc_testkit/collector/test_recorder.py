"""The recording collector as a process: what it keeps, what it refuses, and each way in which it can fail."""

from __future__ import annotations

import http.client
import socket
import ssl
import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.parsers.expat import ExpatError

import pytest

from opensvc_testkit.collector import Certificates, Fault, FaultKind, RecordingCollector, has_openssl
from opensvc_testkit.collector.faults import KEEPING
from opensvc_testkit.collector.methods import METHODS
from tests.opensvc_testkit.collector.calls import BEGIN, DISK, END, PACKAGE, SERVICE, row, rows

pytestmark = pytest.mark.simulated

SHORT = 0.3
"""Seconds that a client waits for what never comes."""


class Impatient(xmlrpc.client.Transport):
    """HTTP that does not wait for ever, and asks once where the library would ask again on a lost connection."""

    def request(self, *arguments: Any, **named: Any) -> Any:
        return self.single_request(*arguments, **named)

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = super().make_connection(host)
        connection.timeout = SHORT
        return connection


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordingCollector]:
    with RecordingCollector.up(tmp_path_factory.mktemp("collector")) as collector:
        yield collector


@pytest.fixture
def collector(shared: RecordingCollector) -> Iterator[RecordingCollector]:
    """The same process for all tests, without faults; each looks at what came since it began."""
    if not shared.is_alive():
        shared.start()
    yield shared
    shared.mend()


def call(collector: RecordingCollector, method: str, *arguments: Any, impatient: bool = False) -> Any:
    """One call on a connection of its own."""
    transport = Impatient() if impatient else None
    with xmlrpc.client.ServerProxy(collector.url, transport=transport) as proxy:
        return getattr(proxy, method)(*arguments)


def test_calls_are_kept_in_order_and_amount_to_something(collector: RecordingCollector) -> None:
    before = collector.record.count()
    call(collector, "begin_action", *row({**BEGIN, "action_id": "run1/vm188"}))
    call(collector, "end_action", *row({**END, "action_id": "run1/vm188"}))
    call(collector, "update_service", *row(SERVICE))
    call(collector, "register_disk", *row(DISK))
    call(collector, "register_disk", *row({**DISK, "disk_id": "other"}))
    came = collector.calls()[before:]
    assert [each.method for each in came] == [
        "begin_action", "end_action", "update_service", "register_disk", "register_disk",
    ]  # fmt: skip
    assert [each.node for each in came] == ["node109", "node109", "", "node109", "node109"]
    assert came[0].identities == ("run1/vm188",)
    (action,) = collector.records("action")
    assert action["version"] == "1.0-1"
    assert action["status"] == "warn"
    assert [each["disk_id"] for each in collector.records("disk")] == [DISK["disk_id"], "other"]
    call(collector, "delete_disks", "vm188", "node110")
    assert len(collector.records("disk")) == 2
    call(collector, "delete_disks", "vm188", "node109")
    assert collector.records("disk") == ()
    call(collector, "delete_service_list", ["vm188"])
    assert collector.records("service") == ()


def test_what_the_tables_do_not_allow_is_a_fault_and_is_kept_apart(collector: RecordingCollector) -> None:
    with pytest.raises(xmlrpc.client.Fault, match="unknown field colour"):
        call(collector, "update_service", *row({**SERVICE, "colour": "red"}))
    with pytest.raises(xmlrpc.client.Fault, match="not supported"):
        call(collector, "paint", "red")
    assert [each.method for each in collector.calls()[-2:]] == ["update_service", "paint"]
    assert "update_service: unknown field colour" in collector.violations()
    assert collector.records("service") == ()


def test_methods_are_listed_and_one_can_be_refused(collector: RecordingCollector) -> None:
    assert call(collector, "system.listMethods") == sorted(METHODS)
    collector.break_with(Fault(FaultKind.REFUSE, methods=("insert_pkg",)))
    assert "insert_pkg" not in call(collector, "system.listMethods")
    with pytest.raises(xmlrpc.client.Fault, match="not supported"):
        call(collector, "insert_pkg", *rows(PACKAGE))
    call(collector, "begin_action", *row(BEGIN))


def test_who_is_registered(collector: RecordingCollector, tmp_path: Path) -> None:
    given = call(collector, "register_node", "node7")
    assert isinstance(given, str)
    assert call(collector, "register_node", "node7") == ["node7 is already registered"]
    call(collector, "begin_action", *row(BEGIN), [given, "node7"])
    assert collector.calls()[-1].node == "node7"
    for stranger in (["guess", "node7"], [given, "node8"]):
        with pytest.raises(xmlrpc.client.Fault, match="not registered"):
            call(collector, "begin_action", *row(BEGIN), stranger)
    collector.break_with("unregistered")
    with pytest.raises(xmlrpc.client.Fault, match="not registered"):
        call(collector, "begin_action", *row(BEGIN), [given, "node7"])


def test_a_collector_can_ask_all_to_register(tmp_path: Path) -> None:
    with RecordingCollector.up(tmp_path, needs_auth=True) as strict:
        with pytest.raises(xmlrpc.client.Fault, match="not registered"):
            call(strict, "begin_action", *row(BEGIN))
        call(strict, "begin_action", *row(BEGIN), [call(strict, "register_node", "node109"), "node109"])
        assert strict.record.count("begin_action") == 1


STRIKES: dict[FaultKind, tuple[type[Exception], ...]] = {
    FaultKind.NO_ACCEPT: (TimeoutError,),
    FaultKind.HANG: (TimeoutError,),
    FaultKind.HANG_AFTER: (TimeoutError,),
    FaultKind.LOSE_ANSWER: (http.client.RemoteDisconnected,),
    FaultKind.RESET: (ConnectionResetError, http.client.RemoteDisconnected),
    FaultKind.STATUS: (xmlrpc.client.ProtocolError,),
    FaultKind.FAULT: (xmlrpc.client.Fault,),
    FaultKind.GARBAGE: (ExpatError, xmlrpc.client.ResponseError),
    FaultKind.TRUNCATED: (http.client.IncompleteRead, ExpatError),
    FaultKind.SLOW: (TimeoutError,),
    FaultKind.DIE: (ConnectionResetError, http.client.RemoteDisconnected),
    FaultKind.DIE_AFTER: (ConnectionResetError, http.client.RemoteDisconnected),
}


@pytest.mark.parametrize("kind", STRIKES)
def test_a_fault_is_seen_and_keeps_what_it_says(collector: RecordingCollector, kind: FaultKind) -> None:
    before = collector.record.count("begin_action")
    collector.break_with(Fault(kind, seconds=2 * SHORT))
    with pytest.raises(STRIKES[kind]):
        call(collector, "begin_action", *row(BEGIN), impatient=True)
    if kind in {FaultKind.DIE, FaultKind.DIE_AFTER}:
        collector.wait_for(lambda: not collector.is_alive())
    collector.mend()
    if not collector.is_alive():
        collector.start()
    call(collector, "begin_action", *row({**BEGIN, "svcname": "after"}))
    # What hung unaccepted is read at last, and its client is long gone: it may come too.
    came = [each.rows[0]["svcname"] for each in collector.calls("begin_action")[before:]]
    if kind is not FaultKind.NO_ACCEPT:
        assert came == (["vm188"] if kind in KEEPING else []) + ["after"]
    assert "after" in came


def test_an_answer_that_drips_is_whole_at_last(collector: RecordingCollector) -> None:
    collector.break_with(Fault(FaultKind.DRIP, seconds=0.0001))
    assert call(collector, "begin_action", *row(BEGIN)) == ""


def test_an_answer_that_means_nothing(collector: RecordingCollector) -> None:
    collector.break_with(FaultKind.NONSENSE)
    assert call(collector, "begin_action", *row(BEGIN)) == {"unexpected": [1, 2, {"three": False}]}


def test_an_answer_that_does_not_end(collector: RecordingCollector) -> None:
    collector.break_with(Fault(FaultKind.HUGE, size=1 << 20))
    address = urlsplit(collector.url)
    connection = http.client.HTTPConnection(address.netloc, timeout=5)
    connection.request("POST", address.path, xmlrpc.client.dumps(row(BEGIN), "begin_action"))
    answer = connection.getresponse()
    assert answer.length is not None
    assert answer.length >= 1 << 20
    connection.close()


def test_a_fault_of_some_calls_and_some_times(collector: RecordingCollector) -> None:
    collector.break_with(Fault(FaultKind.FAULT, methods=("end_action",), times=1, status=9, text="not now"))
    call(collector, "begin_action", *row(BEGIN))
    with pytest.raises(xmlrpc.client.Fault, match="9: 'not now'"):
        call(collector, "end_action", *row(END))
    call(collector, "end_action", *row(END))


def test_a_killed_collector_comes_back_with_what_it_had(collector: RecordingCollector) -> None:
    call(collector, "begin_action", *row({**BEGIN, "svcname": "before"}))
    url = collector.url
    collector.kill()
    with pytest.raises(ConnectionRefusedError):
        call(collector, "begin_action", *row(BEGIN))
    collector.start()
    assert collector.url == url
    assert collector.calls()[-1].rows[0]["svcname"] == "before"
    call(collector, "begin_action", *row(BEGIN))


def test_a_paused_collector_answers_nobody(collector: RecordingCollector) -> None:
    collector.pause()
    with pytest.raises(TimeoutError):
        call(collector, "begin_action", *row(BEGIN), impatient=True)
    collector.resume()
    call(collector, "begin_action", *row(BEGIN))


def test_what_is_no_call_is_answered_all_the_same(collector: RecordingCollector) -> None:
    address = urlsplit(collector.url)
    connection = http.client.HTTPConnection(address.netloc, timeout=5)
    connection.request("POST", "/elsewhere", b"")
    assert connection.getresponse().read()
    connection = http.client.HTTPConnection(address.netloc, timeout=5)
    connection.request("POST", address.path, b"<html>")
    with pytest.raises(xmlrpc.client.Fault, match="not XML-RPC"):
        xmlrpc.client.loads(connection.getresponse().read())
    connection.close()
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=5) as raw:
        raw.sendall(b"POST " + address.path.encode() + b" HTTP/1.1\r\nContent-Length: 100\r\n\r\nshort")
    call(collector, "begin_action", *row(BEGIN))


@pytest.mark.skipif(not has_openssl(), reason="needs openssl")
def test_https_with_an_authority_of_its_own(tmp_path: Path) -> None:
    certificates = Certificates.make(tmp_path / "certificates")
    with RecordingCollector.up(tmp_path / "collector", certificates) as collector:
        assert collector.url.startswith("https://localhost:")
        believing = ssl.create_default_context(cafile=str(certificates.authority))
        with xmlrpc.client.ServerProxy(collector.url, context=believing) as proxy:
            assert proxy.begin_action(*row(BEGIN)) == ""
        with pytest.raises(ssl.SSLCertVerificationError):
            call(collector, "begin_action", *row(BEGIN))
        other = Certificates.make(tmp_path / "other", "elsewhere.example")
        doubting = ssl.create_default_context(cafile=str(other.authority))
        stranger = xmlrpc.client.ServerProxy(collector.url, context=doubting)
        with pytest.raises(ssl.SSLCertVerificationError):
            stranger.begin_action(*row(BEGIN))
        assert collector.record.count("begin_action") == 1
