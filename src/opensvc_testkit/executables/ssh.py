"""Simulated ``ssh`` to simulated guests (texts captured from OpenSSH 9.2 unless marked [R]).

Host keys are checked against ``UserKnownHostsFile`` where one is named, so that pinning can be tested.
"""

# pathlib would add a third to the time of a call:
# ruff: noqa: PTH103, PTH120, PTH123
from __future__ import annotations

import os

from opensvc_testkit.executables import life
from opensvc_testkit.executables.call import Answer, NotSimulatedError, write_all
from opensvc_testkit.executables.guest_command import execute
from opensvc_testkit.executables.guest_system import GuestSystem
from opensvc_testkit.executables.network import answering_macs, find_guest, is_address, resolve, running_domain
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.shapes import Guest, World

WITH_VALUE = "BbcDEeFIiJLlmOopQRSWw"
FAILED = 255
KEY_TYPE = "ssh-ed25519"


class FailedError(Exception):
    """ssh itself failed; the text is its message."""


class Request:
    """What was asked: options by lower-case name, where to, which command (None: a login shell)."""

    __slots__ = ("command", "flags", "host", "options")

    def __init__(self) -> None:
        self.options: dict[str, str] = {}
        self.flags = ""
        self.host = ""
        self.command: str | None = None


def run(call: Call) -> Answer:
    """Answer one ``ssh`` call."""
    request = read_request(call.words)
    if "V" in request.flags:
        return Answer(0, "", "OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.11 19 Sep 2023\n")
    if "O" in request.flags:
        return Answer(
            FAILED, "", f"Control socket connect({request.options.get('controlpath', '')}): No such file or directory\n"
        )
    if not request.host:
        return Answer(FAILED, "", "usage: ssh [-46AaCfGgKkMNnqsTtVvXxYy] [-B bind_interface] [-b bind_address]\n")
    if request.command is None and "N" in request.flags:
        raise NotSimulatedError("a connection without a command")
    if request.command is None:
        raise NotSimulatedError("a login shell")
    try:
        with call.store.opened() as world:
            life.settle(call.store.folder, world, now(world))
            system = _connect(call, world, request)
            said = _check_host_key(request, system.guest)
    except FailedError as error:
        return Answer(FAILED, "", f"{error}\n")
    if call.streams:
        write_all(2, said)
        said = ""
    answer = execute(call, system, request.command, reads_input="n" not in request.flags, killed=FAILED)
    answer.stderr = said + answer.stderr
    return answer


def read_request(words: list[str]) -> Request:
    """Read ssh's own arguments; the rest is the command, joined by blanks as ssh does."""
    request, rest = Request(), list(words)
    while rest:
        word = rest.pop(0)
        if word == "--":
            break
        if not word.startswith("-") or word == "-":
            rest.insert(0, word)
            break
        letters = word[1:]
        while letters:
            letter, letters = letters[0], letters[1:]
            request.flags += letter
            if letter in WITH_VALUE:
                value = letters or (rest.pop(0) if rest else "")
                letters = ""
                if letter == "o":
                    name, _, said = value.replace(" ", "=", 1 if "=" not in value else 0).partition("=")
                    request.options.setdefault(name.strip().lower(), said.strip())
    if rest:
        request.host = rest.pop(0).rpartition("@")[2]
        # Options may follow the host.
        if rest and rest[0].startswith("-") and rest[0] != "--":
            later = read_request([*rest[: _options_end(rest)], "host"])
            request.flags += later.flags
            request.options = {**later.options, **request.options}
            rest = rest[_options_end(rest) :]
        if rest[:1] == ["--"]:
            rest = rest[1:]
        request.command = " ".join(rest) if rest else None
    return request


def _options_end(words: list[str]) -> int:
    index = 0
    while index < len(words) and words[index].startswith("-") and words[index] != "--":
        last = words[index][-1]
        index += 2 if len(words[index]) == 2 and last in WITH_VALUE else 1
    return index


def _connect(call: Call, world: World, request: Request) -> GuestSystem:
    """The guest's system, if it lets one in. Raises FailedError."""
    host = request.options.get("hostname", request.host)
    addresses = resolve(world, host)
    if not addresses and find_guest(world, host) is None:
        raise FailedError(f"ssh: Could not resolve hostname {host}: Name or service not known")
    address = addresses[0] if addresses else host
    guest = find_guest(world, address if is_address(address) else host) or find_guest(world, host)
    domain = running_domain(world, guest, now(world)) if guest else None
    if guest is None or domain is None:
        if answering_macs(world, address, now(world)):
            raise FailedError(f"ssh: connect to host {host} port 22: Connection refused")
        raise FailedError(f"ssh: connect to host {host} port 22: No route to host")
    if not life.has_shell(domain, now(world)):
        raise FailedError(f"ssh: connect to host {host} port 22: Connection refused")
    return GuestSystem(call.store, guest, domain)


def _check_host_key(request: Request, guest: Guest) -> str:
    """Check the guest's key as OpenSSH does; the warning that it prints. Raises FailedError."""
    path = request.options.get("userknownhostsfile", "").split(" ")[0].strip('"')
    policy = request.options.get("stricthostkeychecking", "no").lower()
    if path in ("", "none", "/dev/null"):
        return ""
    name = request.options.get("hostkeyalias", request.host)
    known = _read_known(path, name)
    key = guest["host_key"]
    if key in known:
        return ""
    if known and policy != "no":
        raise FailedError("Host key verification failed.")
    if policy == "yes":
        raise FailedError(f"No {KEY_TYPE.removeprefix('ssh-').upper()} host key is known for {name} and you have "
                          "requested strict checking.\nHost key verification failed.")  # fmt: skip
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "a", encoding="utf-8") as file:
        file.write(f"{name} {KEY_TYPE} {key}\n")
    return (
        "" if "q" in request.flags else f"Warning: Permanently added '{name}' (ED25519) to the list of known hosts.\r\n"
    )


def _read_known(path: str, name: str) -> list[str]:
    try:
        with open(path, encoding="utf-8") as file:
            lines = [line.split() for line in file]
    except FileNotFoundError:
        return []
    return [line[2] for line in lines if len(line) > 2 and name in line[0].split(",")]
