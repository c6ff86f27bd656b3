"""Start of one guest and of twenty side by side, against a bare `virsh start` of the same guests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.figures import Figure
from benchmarks.measure import in_turn
from benchmarks.site import Site

ROUNDS = 7
SIDE_BY_SIDE_ROUNDS = 7
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
    took = in_turn(
        {"virsh": lambda: site.run("virsh", "start", "alone"), "osvc": lambda: site.osvc("start", "alone")},
        ROUNDS,
        lambda: _destroy(site, ["alone"]),
    )
    more = took.median_of(lambda times: times["osvc"] - times["virsh"])
    detail = f"osvc start {took.median('osvc'):.2f} s - virsh start {took.median('virsh'):.2f} s"
    yield Figure("osvc start, over a bare virsh start", more, OVERHEAD_LIMIT, "s", detail)
    site.hypervisor.clear()


def start_many(site: Site) -> Iterator[Figure]:
    """`osvc start` of twenty services in one run."""
    names = [f"g{number:02}" for number in range(TOGETHER)]
    site.hypervisor.add_many(names)
    site.write_services({name: [name] for name in names})
    script = _SIDE_BY_SIDE.format("start")
    took = in_turn(
        {
            "virsh": lambda: site.run("sh", "-c", script, "sh", *names),
            "osvc": lambda: site.osvc("start", *names),
        },
        SIDE_BY_SIDE_ROUNDS,
        lambda: _destroy(site, names),
    )
    ratio = took.median_of(lambda times: times["osvc"] / times["virsh"])
    osvc, virsh = took.median("osvc"), took.median("virsh")
    detail = f"osvc start {osvc:.2f} s / {TOGETHER} virsh start side by side {virsh:.2f} s"
    what = f"osvc start of {TOGETHER} services, over virsh side by side"
    yield Figure(what, ratio, TOGETHER_LIMIT, "x", detail)
    site.hypervisor.clear()


def _destroy(site: Site, names: Sequence[str]) -> None:
    running = set(site.run("virsh", "list", "--name").stdout.split())
    if not running >= set(names):
        raise AssertionError(f"not started: {set(names) - running}")
    site.run("sh", "-c", _SIDE_BY_SIDE.format("destroy"), "sh", *names)
