"""Names to addresses: ``$OSVC_ROOT/etc/hosts`` first, as a disaster may take DNS with it, then the system."""

from __future__ import annotations

import ipaddress
import socket
import threading
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from opensvc_core.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from opensvc_core.clock import Clock

RESOLVE_LIMIT = 4.0
"""Seconds that the system's resolver has."""
FRESH = 10.0
"""Seconds for which an answer is used again: waiting for a guest asks several times a second."""
ABSENT = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def parse_hosts(text: str) -> dict[str, tuple[str, ...]]:
    """Read hosts(5): an address, then its names, ``#`` begins a comment. Lines without an address are skipped."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) > 1 and is_numeric(words[0]):
            for name in words[1:]:
                found.setdefault(name.lower(), []).append(words[0])
    return {name: tuple(dict.fromkeys(addresses)) for name, addresses in found.items()}


def is_numeric(text: str) -> bool:
    """Whether a text is an address and not a name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@frozen
class _Question:
    """One question to the system's resolver, under way or answered."""

    asked: float
    answered: threading.Event = field(factory=threading.Event)
    addresses: list[str] = field(factory=list)
    problem: list[str] = field(factory=list)


class Resolver:
    """Resolves names within a time limit.

    Args:
        hosts: a file of hosts(5) format that is read before anything is asked; it may be absent.
        clock: source of time.
        limit: seconds for the system's resolver.
        look_up: asks the system, as ``socket.getaddrinfo`` does.
    """

    def __init__(
        self,
        hosts: Path,
        clock: Clock,
        limit: float = RESOLVE_LIMIT,
        look_up: Callable[..., Sequence[Any]] = socket.getaddrinfo,
    ) -> None:
        self._hosts = hosts
        self._clock = clock
        self._limit = limit
        self._look_up = look_up
        self._lock = threading.Lock()
        self._questions: dict[str, _Question] = {}
        self._read: tuple[float, Mapping[str, tuple[str, ...]]] = (-1.0, {})

    def resolve(self, name: str) -> tuple[str, ...]:
        """Addresses of a name, IPv4 first; a numeric one as it is; none if there is no such name.

        Raises:
            ActionError: the resolver did not answer in time, or says that it cannot tell now.
        """
        if is_numeric(name):
            return (name,)
        known = self._table().get(name.lower())
        if known:
            return known
        question = self._ask(name)
        if not self._clock.wait(question.answered, self._limit):
            raise ActionError(
                f"cannot tell the address of {name}: the name service gave no answer within {self._limit:g} s",
                code="name_service",
                hint=f"see /etc/resolv.conf; or write the name into {self._hosts}, which needs no name service",
            )
        if question.problem:
            raise ActionError(
                f"cannot tell the address of {name}: {question.problem[0]}",
                code="name_service",
                hint=f"see /etc/resolv.conf; or write the name into {self._hosts}, which needs no name service",
            )
        return tuple(question.addresses)

    def _table(self) -> Mapping[str, tuple[str, ...]]:
        try:
            changed = self._hosts.stat().st_mtime
        except OSError:
            return {}
        if self._read[0] != changed:
            try:
                self._read = (changed, parse_hosts(self._hosts.read_text(encoding="utf-8", errors="replace")))
            except OSError:
                return {}
        return self._read[1]

    def _ask(self, name: str) -> _Question:
        now = self._clock.monotonic()
        with self._lock:
            question = self._questions.get(name)
            # One that hangs is waited for again, not asked again: its thread cannot be ended.
            if question is None or (question.answered.is_set() and (question.problem or now - question.asked > FRESH)):
                question = self._questions[name] = _Question(now)
                threading.Thread(
                    target=_answer, args=(self._look_up, name, question), name=f"resolve-{name}", daemon=True
                ).start()
        return question


def _answer(look_up: Callable[..., Sequence[Any]], name: str, question: _Question) -> None:
    try:
        found = [str(entry[4][0]) for entry in look_up(name, None, type=socket.SOCK_DGRAM)]
        question.addresses.extend(sorted(dict.fromkeys(found), key=lambda address: ":" in address))
    except socket.gaierror as error:
        if error.errno not in ABSENT:
            question.problem.append(error.strerror or str(error))
    except (OSError, UnicodeError) as error:
        question.problem.append(str(error))
    finally:
        question.answered.set()
