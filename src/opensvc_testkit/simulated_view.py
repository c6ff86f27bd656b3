"""What is seen of a simulated cluster: states of its guests, the record of calls, and the waiting for them."""

from __future__ import annotations

import ast
import time
from pathlib import Path

from attrs import define, evolve

from opensvc_testkit.executables import life
from opensvc_testkit.executables.store import now
from opensvc_testkit.executables.virsh_reports import STATES, reason_of
from opensvc_testkit.faults import RecordedCall
from opensvc_testkit.simulated_world import SimulatedWorld

POLL = 0.01
"""Seconds between two looks at the record of calls."""


@define
class SimulatedView(SimulatedWorld):
    """A world that can be looked at."""

    def state_of(self, node: str, name: str) -> str:
        """State of a domain in virsh's words, ``running (booted)``; empty if that node's libvirt does not know it."""
        with self._store.opened() as world:
            life.settle(self._store.folder, world, now(world))
            domain = world["nodes"].get(node, life.new_node(node))["domains"].get(name)
            return f"{STATES[domain['state']]} ({reason_of(domain)})" if domain else ""

    def wait_for_state(self, node: str, name: str, state: str, timeout: float = 10.0) -> None:
        """Wait until ``state_of`` says a state. Raises TimeoutError."""
        limit = time.monotonic() + timeout
        while (now_is := self.state_of(node, name)) != state:
            if time.monotonic() > limit:
                raise TimeoutError(f"{name} on {node} is {now_is!r}, not {state!r}, after {timeout} s")
            time.sleep(POLL)

    def is_starting(self, node: str, name: str) -> bool:
        """Whether a late start of a domain is under way. Raises KeyError if there is no such domain."""
        with self._store.opened() as world:
            life.settle(self._store.folder, world, now(world))
            return life.is_held(world["nodes"][node]["domains"][name])

    def running_on(self, name: str) -> tuple[str, ...]:
        """Nodes on which a guest runs; two are what a cluster must prevent."""
        with self._store.opened() as world:
            life.settle(self._store.folder, world, now(world))
            return tuple(sorted(node["name"] for node, _ in life.where_active(world, name)))

    def is_application_up(self, guest: str, application: str) -> bool:
        """Whether an application runs in a guest, wherever that runs."""
        with self._store.opened() as world:
            life.settle(self._store.folder, world, now(world))
            boots = [living["boot"] for _, living in life.where_active(world, guest)]
        return any(Path(boot, f"application.{application}").exists() for boot in boots)

    def calls(self, command: str = "", *words: str) -> tuple[RecordedCall, ...]:
        """Calls so far, in the order in which they began: all, or of one executable with these words in it."""
        found: dict[tuple[int, float], RecordedCall] = {}
        try:
            lines = (self.root / "calls").read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return ()
        for line in lines:
            kind, pid, began, *rest = ast.literal_eval(line)
            if kind == "begin":
                found[pid, began] = RecordedCall(rest[0], tuple(rest[2:]), rest[1], pid, began)
            elif kind == "end" and (pid, began) in found:
                found[pid, began] = evolve(found[pid, began], ended=rest[0], status=rest[1])
        return tuple(
            call
            for call in found.values()
            if (call.command == command if command else not call.command.startswith("guest-"))
            and all(word in " ".join(call.arguments).replace(";", " ; ").split() for word in words)
        )

    def clear_calls(self) -> None:
        """Forget the calls so far."""
        (self.root / "calls").unlink(missing_ok=True)

    def wait_for_call(self, command: str, *words: str, count: int = 1, timeout: float = 10.0) -> RecordedCall:
        """Wait until so many of such calls have begun; the latest. Words as in ``calls``. Raises TimeoutError."""
        limit = time.monotonic() + timeout
        while len(found := self.calls(command, *words)) < count:
            if time.monotonic() > limit:
                raise TimeoutError(f"{len(found)} calls of {command} {' '.join(words)} within {timeout} s, not {count}")
            time.sleep(POLL)
        return found[-1]

    def wait_until_waiting(self, pid: int, timeout: float = 10.0) -> None:
        """Wait until the call of that process waits for something in the world. Raises TimeoutError."""
        limit = time.monotonic() + timeout
        mark = f"('wait', {pid}, "
        while not any(line.startswith(mark) for line in (self.root / "calls").read_text(errors="replace").splitlines()):
            if time.monotonic() > limit:
                raise TimeoutError(f"process {pid} does not wait within {timeout} s")
            time.sleep(POLL)
