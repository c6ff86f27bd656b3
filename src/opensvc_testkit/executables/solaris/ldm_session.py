"""What one ``ldm`` call works with: the Logical Domains Manager of one node, and how it refuses."""

from __future__ import annotations

from opensvc_testkit.executables.solaris import ldm_reports
from opensvc_testkit.executables.solaris.options import read_pairs
from opensvc_testkit.executables.solaris.places import domains_of
from opensvc_testkit.executables.store import now

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from opensvc_testkit.executables.call import Answer, Call
    from opensvc_testkit.executables.shapes import Node, Power, World
    from opensvc_testkit.executables.solaris.shapes import LogicalDomain, VirtualDisks


class RefusedError(Exception):
    """The command failed; the text is its message."""


class LdmSession:
    """One call. ``waits``: what the command still blocks on when its work is recorded."""

    __slots__ = ("after_wait", "call", "manager", "node", "now", "waits", "world")

    def __init__(self, call: Call, world: World) -> None:
        self.call = call
        self.world = world
        self.node: Node = call.here(world)
        self.now = now(world)
        self.manager: VirtualDisks = domains_of(self.node)
        self.waits: Callable[[World], bool] | None = None
        self.after_wait: Callable[[World], Answer] | None = None

    def read(self, words: list[str], letters: str) -> tuple[list[tuple[str, str]], list[str]]:
        """Options and names in any order. Raises BadOptionError."""
        pairs: list[tuple[str, str]] = []
        names: list[str] = []
        rest = words
        while rest:
            found, rest = read_pairs(rest, letters)
            pairs += found
            names, rest = names + rest[:1], rest[1:]
        return pairs, names

    def knows(self, name: str) -> bool:
        """Whether there is such a domain."""
        return name == ldm_reports.PRIMARY or name in self.manager["domains"]

    def domain(self, name: str) -> LogicalDomain:
        """A guest domain. Raises RefusedError."""
        if name not in self.manager["domains"]:
            # [R]; the control domain is not simulated as a thing to change.
            raise RefusedError(f"LDom {name} not found")
        return self.manager["domains"][name]

    def power(self, name: str) -> Power | None:
        """What runs in a domain; None while nothing does."""
        return self.node["powered"].get(name)

    def state(self, name: str) -> str:
        """The state that is shown now: bound as long as a late start is under way."""
        domain = self.domain(name)
        is_late = domain["state"] == ldm_reports.ACTIVE and domain["started_at"] > self.now
        return ldm_reports.BOUND if is_late else domain["state"]

    def row(self, name: str) -> ldm_reports.Row:
        """A domain for a listing."""
        if name == ldm_reports.PRIMARY:
            return ldm_reports.control_row()
        return ldm_reports.Row(self.domain(name), self.state(name), self.power(name), self.now)

    def finish(self, answer: Answer) -> Answer:
        """Outside the lock: wait for what the command waits for."""
        if self.waits is None:
            return answer
        self.call.wait_while(self.waits)
        if self.after_wait is None:
            return answer
        with self.call.store.opened() as world:
            return self.after_wait(world)
