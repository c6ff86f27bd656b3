"""What goes wrong in a round, each thing with how it is put right; chance decides where it strikes."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_testkit.collector import Fault, FaultKind
from tests.collector.wire import State

if TYPE_CHECKING:
    from tests.collector.world import World

Act = Callable[["World", random.Random], None]
NEEDED = ("begin_action", "end_action")
"""Methods whose refusal holds actions up, and loses none."""
STEPS = (-40 * 86400.0, -3600.0, -5.0, 5.0, 3600.0, 400 * 86400.0)
"""Seconds by which the clock is stepped."""


@frozen
class Trouble:
    """One thing that goes wrong.

    Attributes:
        name: in the table of a soak.
        strike: makes it happen.
        repeats: whether a record that was kept may be sent again.
        hits_agent: whether the action under way may be cut by it.
    """

    name: str
    strike: Act
    repeats: bool = False
    hits_agent: bool = False


def _fault(kind: FaultKind, *, repeats: bool = False, few: bool = False) -> Trouble:
    """A fault of the collector, for all that it is asked, until all is mended or a few times."""

    def strike(world: World, chance: random.Random) -> None:
        times = chance.randint(1, 2) if few or chance.random() < 0.3 else 0
        methods = chance.choice([(), NEEDED, ("res_action_batch",)]) if times else ()
        if kind is FaultKind.REFUSE:
            methods = NEEDED[: chance.randint(1, 2)]
        status = chance.choice([404, 500, 502, 503])
        seconds = chance.choice([0.005, 0.05])
        world.collector.break_with(Fault(kind, methods, times, seconds=seconds, status=status, size=16 << 20))

    return Trouble(kind.value, strike, repeats)


def _kill_sender(world: World, _chance: random.Random) -> None:
    for pid in world.node.senders():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            world.count("a sender killed", "under way")


def _step_clock(world: World, chance: random.Random) -> None:
    if world.node.clock:
        world.node.clock.put(chance.choice(STEPS))


def _fill_disk(world: World, chance: random.Random) -> None:
    if world.node.disk:
        world.node.disk.fill(chance.choice([0, 4096, 16384, 65536, chance.randrange(200_000)]))


def _kill_agent(world: World, _chance: random.Random) -> None:
    world.kill_action()


TROUBLES = (
    Trouble("collector killed", lambda world, _chance: world.collector.kill(), repeats=True),
    Trouble("collector paused", lambda world, _chance: world.collector.pause(), repeats=True),
    *(
        _fault(kind)
        for kind in (
            FaultKind.NO_ACCEPT,
            FaultKind.HANG,
            FaultKind.RESET,
            FaultKind.STATUS,
            FaultKind.FAULT,
            FaultKind.GARBAGE,
            FaultKind.NONSENSE,
            FaultKind.REFUSE,
            FaultKind.UNREGISTERED,
        )
    ),
    *(
        _fault(kind, repeats=True)
        for kind in (
            FaultKind.HANG_AFTER,
            FaultKind.LOSE_ANSWER,
            FaultKind.DRIP,
            FaultKind.SLOW,
            FaultKind.TRUNCATED,
            FaultKind.HUGE,
        )
    ),
    _fault(FaultKind.DIE, few=True),
    _fault(FaultKind.DIE_AFTER, repeats=True, few=True),
    Trouble("network cut", lambda world, _chance: world.wire.put(State.CUT), repeats=True),
    Trouble("network refuses", lambda world, _chance: world.wire.put(State.REFUSING), repeats=True),
    Trouble(
        "connection breaks off", lambda world, chance: world.wire.break_after(chance.randrange(4000)), repeats=True
    ),
    Trouble("disk full", _fill_disk, repeats=True, hits_agent=True),
    Trouble("clock stepped", _step_clock),
    Trouble("agent killed", _kill_agent, repeats=True, hits_agent=True),
    Trouble("sender killed", _kill_sender, repeats=True),
)
"""Everything that can go wrong in a round."""
