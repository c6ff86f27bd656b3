"""The rounds of a soak: which fault happens at which step of which action, dealt evenly from a seed. Pure."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import attrs

from tests.lab.cluster.faults import Fault
from tests.lab.cluster.scenes import Moment, Scene

Cell = tuple[Moment, Fault]
KILLS = (Fault.KILL_DRIVER, Fault.KILL_PEER)
IMPOSSIBLE = "a stop has no session with a peer: no agent there that could be killed"


@attrs.frozen
class Round:
    """One round.

    Attributes:
        number: from 0 on.
        scene: index into `scenes`.
        fault: that happens there.
    """

    number: int
    scene: int
    fault: Fault


def moments(found: Sequence[Scene]) -> list[Moment]:
    """Every step of every action, in order."""
    return list(dict.fromkeys(scene.moment for scene in found))


def is_possible(cell: Cell) -> bool:
    """Whether a fault can happen then; `IMPOSSIBLE` says why not."""
    moment, fault = cell
    return fault is not Fault.KILL_PEER or moment[0] != "stop"


def cells(found: Sequence[Scene]) -> list[Cell]:
    """The cells of the table that can be filled."""
    return [cell for moment in moments(found) for fault in Fault if is_possible(cell := (moment, fault))]


def deal(found: Sequence[Scene], rounds: int, chance: random.Random) -> list[Round]:
    """So many rounds: every `kill -9` at every step first, then every other cell of the table, then all of it again.

    They are played in no order. A few rounds have one `kill -9` of each side among them, and one other fault.
    """
    dealt: list[Cell] = []
    while len(dealt) < rounds:
        deck = chance.sample(cells(found), len(cells(found)))
        firsts = [next(cell for cell in deck if cell[1] is kill) for kill in KILLS]
        firsts.append(next(cell for cell in deck if not cell[1].is_kill))
        deck.sort(key=lambda cell: (cell not in firsts, not cell[1].is_kill))
        dealt += deck
    dealt = chance.sample(dealt[:rounds], rounds)
    ways = {moment: [i for i, scene in enumerate(found) if scene.moment == moment] for moment in moments(found)}
    return [Round(number, chance.choice(ways[moment]), fault) for number, (moment, fault) in enumerate(dealt)]


def table(found: Sequence[Scene], played: Counter[Cell]) -> str:
    """How often each fault happened at each step; a dash where it cannot."""
    lines = [" " * 30 + "".join(f"{fault.value:>16}" for fault in Fault)]
    for moment in moments(found):
        row = [str(played[moment, fault]) if is_possible((moment, fault)) else "-" for fault in Fault]
        lines.append(f"{': '.join(moment):30}" + "".join(f"{each:>16}" for each in row))
    return "\n".join([*lines, f"-: {IMPOSSIBLE}"])
