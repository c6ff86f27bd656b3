"""What two operators may ask for at once, and what each order of it would come to. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import permutations

import attrs


@attrs.frozen
class Asked:
    """One command of one operator.

    Attributes:
        verb: `start`, `stop`, or one that brings the service elsewhere; a migration may, and here must, restart it.
        node: on which it is typed.
        to: where it is to go.
    """

    verb: str
    node: str
    to: str = ""

    @property
    def words(self) -> list[str]:
        """What follows the name of the service."""
        return ["--to", self.to, *(["--or-restart"] if self.verb == "migrate" else [])] if self.to else []

    def after(self, where: str) -> str | None:
        """Where the service runs after it, if it runs on a node (or nowhere) before; None if it must be refused."""
        if self.verb == "stop":
            return "" if where == self.node else where
        goal = self.to or self.node
        if self.verb == "start":
            return goal if where in {"", goal} else None
        return None if where == goal else goal


PAIRS: dict[str, tuple[bool, tuple[tuple[str, int, int], tuple[str, int, int]]]] = {
    "start, start": (False, (("start", 0, -1), ("start", 1, -1))),
    "start, switch": (False, (("start", 0, -1), ("switch", 1, 2))),
    "start, start again": (True, (("start", 0, -1), ("start", 1, -1))),
    "stop, start": (True, (("stop", 0, -1), ("start", 1, -1))),
    "stop, switch": (True, (("stop", 0, -1), ("switch", 1, 1))),
    "switch, switch": (True, (("switch", 0, 1), ("switch", 1, 2))),
    "switch, takeover": (True, (("switch", 0, 1), ("takeover", 2, -1))),
    "switch, migrate or restart": (True, (("switch", 2, 1), ("migrate", 0, 2))),
}
"""By name: whether the service is up on the first node before, and verb, node and goal of both, by their numbers."""


@attrs.frozen
class Meeting:
    """One round.

    Attributes:
        pair: its name in `PAIRS`.
        before: where the service runs before, empty for nowhere.
        asked: what both ask for.
        delay: seconds by which the second is later than the first.
        has_patience: whether each of them waits for the lock.
    """

    pair: str
    before: str
    asked: tuple[Asked, Asked]
    delay: float
    has_patience: tuple[bool, bool]


def meetings(nodes: Sequence[str], rounds: int, chance: random.Random) -> list[Meeting]:
    """So many rounds, every pair as often as any other; in half of them both begin at once."""
    names: list[str] = []
    while len(names) < rounds:
        names += chance.sample(list(PAIRS), len(PAIRS))
    found = []
    for name in names[:rounds]:
        is_up, pair = PAIRS[name]
        first, second = (Asked(verb, nodes[at], nodes[to] if to >= 0 else "") for verb, at, to in pair)
        delay = chance.choice([0.0, chance.uniform(0.0, 1.5)])
        found.append(
            Meeting(
                name, nodes[0] if is_up else "", (first, second), delay, (chance.random() < 0.5, chance.random() < 0.5)
            )
        )
    return found


def outcomes(asked: Sequence[Asked], succeeded: Sequence[bool], before: str) -> set[str]:
    """Where the service may run after some of what was asked for succeeded, in whatever order."""
    found = set()
    for order in permutations(each for each, is_done in zip(asked, succeeded, strict=True) if is_done):
        where: str | None = before
        for each in order:
            where = None if where is None else each.after(where)
        if where is not None:
            found.add(where)
    return found
