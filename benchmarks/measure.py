"""Timing of things beside each other: alternating, so that a machine that is busy for a while is so for both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

from attrs import frozen

Thing = Callable[[], object]
Times = Mapping[str, float]
"""Seconds by the name of what took them."""


def _nothing() -> None:
    """Nothing to clear away."""


@frozen
class Rounds:
    """Rounds in which several things were done one after the other, each timed."""

    rounds: tuple[Times, ...]

    def median(self, name: str) -> float:
        """The median time of one thing."""
        return self.median_of(lambda times: times[name])

    def median_of(self, made: Callable[[Times], float]) -> float:
        """The median of what is made from the times of one round: of a ratio it is that of neighbours in time."""
        return statistics.median(made(times) for times in self.rounds)


def seconds(thing: Thing) -> float:
    """How long a call takes by the wall clock."""
    began = time.perf_counter()
    thing()
    return time.perf_counter() - began


def in_turn(things: Mapping[str, Thing], rounds: int, clear: Thing = _nothing) -> Rounds:
    """Do several things in turn, `rounds` times after one to warm up; what `clear` does after each is not timed."""

    def one_round() -> Times:
        times = {}
        for name, thing in things.items():
            times[name] = seconds(thing)
            clear()
        return times

    one_round()
    return Rounds(tuple(one_round() for _ in range(rounds)))
