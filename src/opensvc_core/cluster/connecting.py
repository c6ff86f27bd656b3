"""Reaching one node: all addresses of its name are tried, a moment apart, and the first that greets has the session."""

from __future__ import annotations

import queue
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import Factory, define, field

from opensvc_core.clock import Cancel
from opensvc_core.cluster.lines import LOST
from opensvc_core.cluster.link import PeerError
from opensvc_core.cluster.session import Session
from opensvc_core.cluster.ssh_words import read_failure
from opensvc_core.errors import ActionError, OpenSVCError
from opensvc_core.host import Command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.clock import Clock
    from opensvc_core.cluster.ssh import Ssh
    from opensvc_core.host.local import LocalHost

STAGGER = 0.25
"""Seconds that an address has for itself before the next one is tried beside it (RFC 8305)."""
EXIT_LIMIT = 0.3
"""Seconds for ssh to end a connection that is kept; one that hangs is left to its own signs of life."""
RECONNECT_SHARE = 0.5
"""Part of the limit that a connection left by an earlier command has: the rest is for one of our own."""
SHORTEST = 0.1
"""Seconds that an attempt has at least."""
TELLING = ("peer_version", "peer_refused")
"""Codes of failures that say more than that an address was silent, the most telling first."""


@define
class _Race:
    """Attempts at one node that are under way: one of them wins, the others are ended."""

    sessions: list[Session] = Factory(list)
    told: queue.SimpleQueue[tuple[str, Session | PeerError]] = field(factory=queue.SimpleQueue)
    is_over: bool = False
    guard: threading.Lock = field(factory=threading.Lock, repr=False)

    def enter(self, session: Session) -> bool:
        """Have an attempt ended with the race; whether that still goes on."""
        with self.guard:
            self.sessions.append(session)
            return not self.is_over

    def end(self, winner: Session | None) -> None:
        """End every attempt but one."""
        with self.guard:
            self.is_over = True
            losers = [session for session in self.sessions if session is not winner]
        for session in losers:
            session.abandon()


@define
class Connector:
    """Opens sessions.

    Attributes:
        ssh: how ssh is called.
        host: this node, where ssh runs.
        clock: source of time.
        limit: seconds until a peer that says nothing at any of its addresses counts as out of reach.
        silence: seconds of silence after which a session is lost.
    """

    ssh: Ssh
    host: LocalHost
    clock: Clock
    limit: float
    silence: float = LOST

    def connect(self, node: str, addresses: Sequence[str]) -> tuple[Session, str]:
        """Open a session with a node; it, and the address that it was reached at.

        Its host key is looked for under its name, whatever the address.

        Args:
            node: its name.
            addresses: all that it has, the one to prefer first.

        Raises:
            PeerError: none of them led there within the limit; the one that said most is told, the others behind it.
        """
        began = self.clock.monotonic()
        kept = [address for address in addresses if self._is_kept(node, address)]
        if kept:
            # What an earlier command left is quick if it lives. A peer that died since must not cost more than that.
            found = self._race(node, kept, self.limit * RECONNECT_SHARE, shares=True)
            if isinstance(found, tuple):
                return found
            for address in kept:
                self._drop_connection(node, address)
        rest = self.limit - (self.clock.monotonic() - began)
        found = self._race(node, addresses, max(SHORTEST, rest), shares=not kept)
        if isinstance(found, tuple):
            return found
        raise _together(node, found)

    def _is_kept(self, node: str, address: str) -> bool:
        socket = self.ssh.socket(node, address)
        return socket is not None and socket.exists()

    def _race(
        self, node: str, addresses: Sequence[str], seconds: float, *, shares: bool
    ) -> tuple[Session, str] | list[tuple[str, PeerError]]:
        """The first session of any address; if there is none, why, for each."""
        race = _Race()
        waiting = list(addresses)
        failed: list[tuple[str, PeerError]] = []
        until = self.clock.monotonic() + seconds
        winner: Session | None = None
        try:
            while len(failed) < len(addresses):
                if waiting:
                    self._begin(
                        race, node, waiting.pop(0), max(SHORTEST, until - self.clock.monotonic()), shares=shares
                    )
                try:
                    address, result = race.told.get(timeout=STAGGER if waiting else None)
                except queue.Empty:
                    continue
                if isinstance(result, Session):
                    winner = result
                    return result, address
                failed.append((address, result))
        finally:
            race.end(winner)
        return failed

    def _begin(self, race: _Race, node: str, address: str, seconds: float, *, shares: bool) -> None:
        def attempt() -> None:
            try:
                result: Session | PeerError = self._try(race, node, address, seconds, shares=shares)
            except PeerError as error:
                result = error
            except ActionError as error:
                result = PeerError(f"{node}: {error.message}", code="peer_unreachable", hint=error.hint)
            race.told.put((address, result))

        threading.Thread(target=attempt, name=f"connect {node} {address}", daemon=True).start()

    def _try(self, race: _Race, node: str, address: str, seconds: float, *, shares: bool) -> Session:
        """One attempt at a session. Raises PeerError with how ssh ended and what it said."""
        began = self.clock.monotonic()
        talk = self.host.talk(Command(self.ssh.session_argv(node, address, seconds, shares=shares)))
        session = Session(node, talk, self.clock, self.silence)
        if not race.enter(session):
            session.abandon()
            raise PeerError(f"{node} was reached at another address", code="peer_unreachable")
        if session.open(seconds):
            return session
        # ssh knows best what was wrong, if it is not the one that hangs.
        talk.wait(max(0.0, seconds - (self.clock.monotonic() - began)))
        rc = talk.rc
        session.abandon()
        raise read_failure(node, address, rc, talk.said, self.ssh.folders.ssh_known_hosts)

    def _drop_connection(self, node: str, address: str) -> None:
        """Have the connection that an earlier command left go away, whether it lives, died or hangs."""
        with suppress(OpenSVCError):
            self.host.execute(Command(self.ssh.exit_argv(node, address), timeout=EXIT_LIMIT), Cancel())
        socket = self.ssh.socket(node, address)
        if socket is not None:
            with suppress(OSError):
                socket.unlink()


def _together(node: str, failed: Sequence[tuple[str, PeerError]]) -> PeerError:
    """One error of all addresses: that which says most, and what the others said behind it."""

    def rank(each: tuple[str, PeerError]) -> int:
        code = each[1].code
        return TELLING.index(code) if code in TELLING else len(TELLING)

    first, *others = sorted(failed, key=rank)
    if not others:
        return first[1]
    # A message begins with the node and its address, where these differ.
    text = "; ".join([first[1].message, *(error.message.removeprefix(f"{node} ") for _, error in others)])
    return PeerError(text, code=first[1].code, hint=first[1].hint)
