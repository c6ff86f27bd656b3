"""What happens to a simulated cluster: calls that go wrong, time that passes, guests that freeze and die."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import define

from opensvc_testkit.executables import life
from opensvc_testkit.executables.store import now
from opensvc_testkit.faults import FaultKind
from opensvc_testkit.simulated_view import SimulatedView


@define
class SimulatedEvents(SimulatedView):
    """A world to which things happen."""

    def set_fault(  # noqa: PLR0913 - a fault has that many sides, all but two optional
        self,
        command: str,
        kind: FaultKind,
        *,
        words: Iterable[str] = (),
        node: str = "",
        seconds: float = 0.0,
        status: int | None = None,
        text: str = "",
        after: bool = False,
        times: int | None = None,
    ) -> None:
        """Let calls go wrong; the first fault that fits a call strikes.

        Args:
            command: the executable.
            kind: what happens.
            words: all of them must be among the call's words (those of one argument count singly).
            node: only there; empty for everywhere.
            seconds: of ``SLOW`` and ``LATE``.
            status: exit status of ``FAIL`` (1) and ``GARBAGE`` (0).
            text: what ``FAIL`` and ``GARBAGE`` print.
            after: whether the work is done before ``HANG``, ``FAIL`` or ``GARBAGE``.
            times: how many calls it strikes; None for all until ``clear_faults``.
        """
        with self._store.opened() as world:
            number, world["next_fault"] = world["next_fault"], world["next_fault"] + 1
            world["faults"].append(
                {
                    "number": number,
                    "command": command,
                    "words": list(words),
                    "node": node,
                    "kind": kind.value,
                    "seconds": seconds,
                    "status": int(kind is FaultKind.FAIL) if status is None else status,
                    "text": text,
                    "after": after,
                    "times": times,
                }
            )

    def clear_faults(self) -> None:
        """No call goes wrong any more; what hangs by a fault without ``times`` goes on."""
        with self._store.opened() as world:
            world["faults"].clear()

    def advance(self, seconds: float) -> None:
        """Move the cluster's clock on: guests boot and shut down without anyone waiting."""
        with self._store.opened() as world:
            life.settle(self._store.folder, world, now(world))
            world["clock_offset"] += seconds
            life.settle(self._store.folder, world, now(world))

    def freeze_guest(self, node: str, name: str, *, is_frozen: bool = True) -> None:
        """Stop a guest's process as SIGSTOP does, or let it go on. Raises KeyError if it is not on that node."""
        with self.opened() as world:
            there = world["nodes"][node]
            living: life.Living = there["powered"].get(name) or there["domains"][name]
            living["is_frozen"] = is_frozen

    def crash_guest(self, node: str, name: str) -> None:
        """The guest's process on a node dies. Raises KeyError if it is not on that node."""
        with self.opened() as world:
            there = world["nodes"][node]
            if power := there["powered"].get(name):
                life.end_power(self._store.folder, world, there, power, life.HAS_CRASHED, now(world))
            else:
                life.power_off(there, there["domains"][name], life.OFF_CRASHED)

    def set_domain_state(self, node: str, name: str, state: int, reason: int = 0) -> None:
        """Set libvirt's numbers of a domain, as ``virsh domstats --state`` tells them.

        Args:
            node: of the domain.
            name: of the domain.
            state: 0 no state, 1 running, 2 blocked, 3 paused, 4 in shutdown, 5 shut off, 6 crashed, 7 pmsuspended.
            reason: depends on the state.

        Raises:
            KeyError: there is no such domain.
        """
        with self._store.opened() as world:
            domain = world["nodes"][node]["domains"][name]
            if domain["id"] is None and state != life.SHUTOFF:
                life.power_on(self._store.folder, world, world["nodes"][node], domain, now(world))
            domain["state"], domain["reason"] = state, reason
