"""Timing of things beside each other: alternating, so that a machine that is busy for a while is so for both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

Thing = Callable[[], object]


def seconds(thing: Thing) -> float:
    """How long a call takes by the wall clock."""
    began = time.perf_counter()
    thing()
    return time.perf_counter() - began


def medians(things: Mapping[str, Thing], rounds: int) -> dict[str, float]:
    """The median time of each of several things in seconds, done in turn `rounds` times, after one round to warm up."""
    for thing in things.values():
        thing()
    times: dict[str, list[float]] = {name: [] for name in things}
    for _ in range(rounds):
        for name, thing in things.items():
            times[name].append(seconds(thing))
    return {name: statistics.median(each) for name, each in times.items()}
