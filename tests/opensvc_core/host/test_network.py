"""Names, echo requests and neighbours, on this machine's own addresses and with a simulated ``ping`` and ``ip``."""

from __future__ import annotations

import itertools
import os
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.clock import Cancel, SystemClock
from opensvc_core.errors import ActionError
from opensvc_core.host import Command
from opensvc_core.host.local import DEFAULT_PATH, LocalHost
from opensvc_core.host.names import Resolver, parse_hosts
from opensvc_core.host.network import SystemNetwork, parse_neighbour, ping_argv
from opensvc_core.node import Folders, Node

if TYPE_CHECKING:
    from collections.abc import Callable

    Network = Callable[..., SystemNetwork]


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """Makes the network of a node whose root is the test's folder."""

    def make(method: str = "auto", path: str = DEFAULT_PATH, os_name: str = "Linux") -> SystemNetwork:
        node = Node("node1", os_name, Folders(tmp_path), {"node": {"ping": method}})
        return SystemNetwork(node, LocalHost("node1", path))

    return make


def simulate(folder: Path, name: str, script: str) -> str:
    """A simulated command; gives back a PATH on which it comes first."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n# simulated {name}\n{script}\n")
    program.chmod(0o755)
    return f"{folder}:{DEFAULT_PATH}"


@pytest.mark.parametrize("address", ["127.0.0.1", "127.4.5.6", "localhost"])
def test_own_address_answers(network: Network, address: str) -> None:
    assert network().ping(address)


def test_thousand_addresses_are_asked_at_once(network: Network) -> None:
    addresses = [f"127.0.{number // 250}.{number % 250 + 1}" for number in range(1000)]
    answers = network().ping_all(addresses, 5)
    assert set(answers) == set(addresses)
    assert set(answers.values()) == {True}


def test_an_answer_is_not_lost_when_the_machine_stands_still_between_two_looks_at_the_clock(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = itertools.count(1e9, 3600)
    monkeypatch.setattr("icmplib.sockets.time", lambda: next(now))
    assert network("icmp").ping("127.0.0.1", 0.2)


def test_one_that_cannot_be_asked_does_not_spoil_the_others(network: Network) -> None:
    answers = network().ping_all(["127.0.0.1", "255.255.255.255", "no.such.name.invalid"])
    assert answers["127.0.0.1"] is True
    assert isinstance(answers["255.255.255.255"], ActionError)
    assert isinstance(answers["no.such.name.invalid"], ActionError)


def test_a_name_that_does_not_resolve_is_an_error_and_no_silence(network: Network) -> None:
    with pytest.raises(ActionError) as caught:
        network().ping("no.such.name.invalid")
    assert caught.value.code in {"name_unknown", "name_service"}
    assert "hosts" in caught.value.hint


def test_a_wrong_setting_is_said(network: Network) -> None:
    with pytest.raises(ActionError, match="not one of"):
        network("carrier pigeon").ping("127.0.0.1")


@pytest.mark.simulated
@pytest.mark.parametrize(("status", "answers"), [(0, True), (1, False)])
def test_the_command_answers(network: Network, tmp_path: Path, status: int, *, answers: bool) -> None:
    path = simulate(tmp_path, "ping", f'echo "$@" >{tmp_path}/argv; exit {status}')
    assert network("command", path).ping("10.9.8.7", 0.5) is answers
    assert (tmp_path / "argv").read_text().split()[-1] == "10.9.8.7"


@pytest.mark.simulated
@pytest.mark.parametrize(
    "script", ["echo 'ping: connect: Network is unreachable' >&2; exit 2", "kill -9 $$", "exec sleep 100"]
)
def test_a_ping_command_that_fails_cannot_tell(network: Network, tmp_path: Path, script: str) -> None:
    with pytest.raises(ActionError):
        network("command", simulate(tmp_path, "ping", script)).ping("10.9.8.7", 0.1)


@pytest.mark.simulated
def test_a_missing_ping_command_cannot_tell(network: Network, tmp_path: Path) -> None:
    with pytest.raises(ActionError, match="not installed"):
        network("command", str(tmp_path)).ping("10.9.8.7")


@pytest.mark.simulated
def test_the_ping_of_hpux_waits_for_ever_and_that_is_silence(network: Network, tmp_path: Path) -> None:
    path = simulate(tmp_path, "ping", "exec sleep 100")
    assert not network("command", path, "HP-UX").ping("10.9.8.7", 0.1)


@pytest.mark.simulated
@pytest.mark.parametrize(("method", "answers"), [("auto", True), ("command", True), ("icmp", False)])
def test_other_systems_than_linux_ask_by_their_own_ping(
    network: Network, tmp_path: Path, method: str, answers: bool
) -> None:
    path = simulate(tmp_path, "ping", '[ "$*" = "10.9.8.7 -n 1" ]')
    if answers:
        assert network(method, path, "HP-UX").ping("10.9.8.7")
    else:
        with pytest.raises(ActionError, match="on Linux only"):
            network(method, path, "HP-UX").ping("10.9.8.7")


@pytest.mark.simulated
def test_the_ping_of_solaris_says_that_nobody_answers(network: Network, tmp_path: Path) -> None:
    path = simulate(tmp_path, "ping", "echo 'no answer from 10.9.8.7'; exit 1")
    assert not network("command", path, "SunOS").ping("10.9.8.7")
    path = simulate(tmp_path, "ping", "exit 1")
    with pytest.raises(ActionError, match="cannot tell whether"):
        network("command", path, "SunOS").ping("10.9.8.7")


def test_ping_commands_wait_at_least_a_second() -> None:
    assert ping_argv("Linux", "10.0.0.1", 0.2) == ("ping", "-n", "-c", "1", "-W", "1", "10.0.0.1")
    assert ping_argv("HP-UX", "10.0.0.1", 0.2) == ("ping", "10.0.0.1", "-n", "1")
    assert ping_argv("SunOS", "10.0.0.1", 2.5) == ("ping", "10.0.0.1", "3")


def test_hosts_file_of_the_root_comes_first(network: Network, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hosts").write_text("127.0.0.99 localhost vm188.invalid\n")
    assert network().resolve("localhost") == ("127.0.0.99",)
    assert network().resolve("VM188.invalid") == ("127.0.0.99",)
    assert network().ping("vm188.invalid")


def test_a_changed_hosts_file_is_read_again(network: Network, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    hosts = tmp_path / "etc/hosts"
    asked = network()
    hosts.write_text("10.0.0.1 vm1.invalid\n")
    assert asked.resolve("vm1.invalid") == ("10.0.0.1",)
    hosts.write_text("10.0.0.2 vm1.invalid\n")
    os.utime(hosts, (1, 1))
    assert asked.resolve("vm1.invalid") == ("10.0.0.2",)


def test_numeric_addresses_are_not_looked_up(network: Network) -> None:
    assert network().resolve("10.1.2.3") == ("10.1.2.3",)
    assert network().resolve("fe80::1") == ("fe80::1",)


def test_a_name_service_that_hangs_is_given_up(tmp_path: Path) -> None:
    release = threading.Event()
    asked: list[str] = []

    def hang(name: str, *_args: object, **_settings: object) -> list[object]:
        asked.append(name)
        release.wait()
        return []

    resolver = Resolver(tmp_path / "hosts", SystemClock(), limit=0.05, look_up=hang)
    try:
        for _ in range(3):
            with pytest.raises(ActionError, match="gave no answer"):
                resolver.resolve("vm188")
        assert asked == ["vm188"], "a hanging question is not asked again and again"
    finally:
        release.set()


@pytest.mark.parametrize("number", [socket.EAI_AGAIN, socket.EAI_FAIL])
def test_a_failing_name_service_is_not_an_absent_name(tmp_path: Path, number: int) -> None:
    def fail(*_args: object, **_settings: object) -> list[object]:
        raise socket.gaierror(number, "Temporary failure in name resolution")

    with pytest.raises(ActionError, match="Temporary failure"):
        Resolver(tmp_path / "hosts", SystemClock(), look_up=fail).resolve("vm188")


def test_an_absent_name_has_no_address(tmp_path: Path) -> None:
    def fail(*_args: object, **_settings: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    assert Resolver(tmp_path / "hosts", SystemClock(), look_up=fail).resolve("vm188") == ()


def test_addresses_of_version_4_come_first(tmp_path: Path) -> None:
    def answer(*_args: object, **_settings: object) -> list[object]:
        return [(10, 2, 17, "", ("2001:db8::1", 0, 0, 0)), (2, 2, 17, "", ("10.0.0.1", 0))]

    assert Resolver(tmp_path / "hosts", SystemClock(), look_up=answer).resolve("vm188") == ("10.0.0.1", "2001:db8::1")


@pytest.mark.simulated
def test_neighbour_is_read_from_ip(network: Network, tmp_path: Path) -> None:
    answer = '[{"dst":"10.0.0.9","dev":"eth0","lladdr":"52:54:00:12:34:56","state":["REACHABLE"]}]'
    path = simulate(tmp_path, "ip", f"[ \"$*\" = '-j neigh show 10.0.0.9' ] && echo '{answer}'")
    assert network(path=path).neighbour("10.0.0.9") == "52:54:00:12:34:56"


@pytest.mark.simulated
@pytest.mark.parametrize("script", ["exit 1", "echo garbage", "kill -9 $$"])
def test_an_unknown_neighbour_is_empty(network: Network, tmp_path: Path, script: str) -> None:
    assert network(path=simulate(tmp_path, "ip", script)).neighbour("10.0.0.9") == ""
    assert network(path=str(tmp_path / "nothing")).neighbour("10.0.0.9") == ""


@given(st.text() | st.recursive(st.none() | st.text(), st.lists).map(repr))
def test_garbage_is_no_neighbour(text: str) -> None:
    assert isinstance(parse_neighbour(text), str)


def test_hosts_are_read_as_the_system_does() -> None:
    text = "\ufeff# head\n10.0.0.1\tvm1 VM1.example.com # the first\n::1 vm1\n\nnonsense vm2\n10.0.0.3\n10.0.0.1 vm1\n"
    assert parse_hosts(text) == {"vm1": ("10.0.0.1", "::1"), "vm1.example.com": ("10.0.0.1",)}


@given(st.text())
def test_any_hosts_file_is_read(text: str) -> None:
    for name, addresses in parse_hosts(text).items():
        assert name == name.lower()
        assert addresses


@pytest.mark.lab
def test_without_the_right_to_open_a_socket_the_command_is_used() -> None:
    """As another user, in another process: a raw socket is refused there, and datagram ones are off by default."""
    program = (
        "import os, sys; from pathlib import Path; os.setgroups([]); os.setgid(65534);"
        "from opensvc_core.host.echo import echo_all; from opensvc_core.host.network import SystemNetwork;"
        "from opensvc_core.host.local import LocalHost; from opensvc_core.node import Node, Folders;"
        "import icmplib, icmplib.utils, plumbum.machines.local; os.setuid(65534);"
        "node = Node('n', 'Linux', Folders(Path('/nowhere')), {'node': {'ping': sys.argv[2]}});"
        "print(SystemNetwork(node, LocalHost('n', sys.argv[1])).ping_all(['127.0.0.1']))"
    )

    # Not below the test's own folder, which no other user may enter.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        simulate(folder, "ping", "exit 0")

        def ask(method: str) -> str:
            command = Command((sys.executable, "-c", program, name, method), env={"PYTHONPATH": ":".join(sys.path)})
            return LocalHost("node1").execute(command, Cancel()).stdout.strip()

        lowest, highest = map(int, Path("/proc/sys/net/ipv4/ping_group_range").read_text(encoding="ascii").split())
        if not lowest <= 65534 <= highest:
            assert "ActionError" in ask("icmp")
        assert ask("auto") == "{'127.0.0.1': True}"
