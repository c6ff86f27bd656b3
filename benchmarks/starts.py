"""Start of one guest and of twenty side by side, against a bare `virsh start` of the same guests."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from benchmarks.figures import Figure
from benchmarks.measure import Thing, seconds
from benchmarks.site import Site

ROUNDS = 7
SIDE_BY_SIDE_ROUNDS = 5
TOGETHER = 20
OVERHEAD_LIMIT = 0.5
TOGETHER_LIMIT = 1.3

_SIDE_BY_SIDE = (
    'for name; do virsh -q {} "$name" & pids="$pids $!"; done; for pid in $pids; do wait $pid || exit 1; done'
)
"""A script that runs one `virsh` command for each of its arguments at once."""


def start_one(site: Site) -> Iterator[Figure]:
    """What `osvc start` adds to a start."""
    site.hypervisor.add("alone")
    site.write_services({"alone": ["alone"]})
    bare, osvc = _in_turn(
        site, ["alone"], lambda: site.run("virsh", "start", "alone"), lambda: site.osvc("start", "alone"), ROUNDS
    )
    detail = f"osvc start {osvc:.2f} s - virsh start {bare:.2f} s"
    yield Figure("osvc start, over a bare virsh start", osvc - bare, OVERHEAD_LIMIT, "s", detail)
    site.hypervisor.clear()


def start_many(site: Site) -> Iterator[Figure]:
    """`osvc start` of twenty services in one run."""
    names = [f"g{number:02}" for number in range(TOGETHER)]
    site.hypervisor.add_many(names)
    site.write_services({name: [name] for name in names})
    script = _SIDE_BY_SIDE.format("start")
    bare, osvc = _in_turn(
        site,
        names,
        lambda: site.run("sh", "-c", script, "sh", *names),
        lambda: site.osvc("start", *names),
        SIDE_BY_SIDE_ROUNDS,
    )
    detail = f"osvc start {osvc:.2f} s / {TOGETHER} virsh start side by side {bare:.2f} s"
    yield Figure(
        f"osvc start of {TOGETHER} services, over virsh side by side", osvc / bare, TOGETHER_LIMIT, "x", detail
    )
    site.hypervisor.clear()


def _in_turn(site: Site, names: Sequence[str], bare: Thing, osvc: Thing, rounds: int) -> tuple[float, float]:
    """Medians of both; what is not timed is that the guests are taken down after each."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(-1, rounds):
        for thing, taken in zip((bare, osvc), times, strict=True):
            took = seconds(thing)
            if number >= 0:
                taken.append(took)
            _destroy(site, names)
    return statistics.median(times[0]), statistics.median(times[1])


def _destroy(site: Site, names: Sequence[str]) -> None:
    running = set(site.run("virsh", "list", "--name").stdout.split())
    if not running >= set(names):
        raise AssertionError(f"not started: {set(names) - running}")
    site.run("sh", "-c", _SIDE_BY_SIDE.format("destroy"), "sh", *names)
