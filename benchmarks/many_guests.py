"""Status of one guest and of a thousand, on a real libvirt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.measure import in_turn, seconds
from benchmarks.site import Site
from benchmarks.start_up import NOTHING, STATUS_LIMIT, run

GUESTS = 1000
ROUNDS = 5
SINGLE_ROUNDS = 11


def status_of_one(site: Site) -> Iterator[Figure]:
    """`osvc status` of a service with one guest, less what `virsh` takes for the same question."""
    site.hypervisor.add("alone")
    site.write_services({"alone": ["alone"]})
    (call,) = site.virsh_calls("status", "alone", "--format", "json")
    took = in_turn(
        {
            "nothing": lambda: run(NOTHING, Path("/")),
            "virsh": lambda: site.run("virsh", *call),
            "osvc": lambda: site.osvc("status", "alone", "--format", "json"),
        },
        SINGLE_ROUNDS,
    )
    ratio = took.median_of(lambda times: (times["osvc"] - times["virsh"]) / times["nothing"])
    nothing, virsh, osvc = (took.median(name) * 1000 for name in ("nothing", "virsh", "osvc"))
    detail = f"({osvc:.0f} ms - virsh {virsh:.0f} ms) / python -c pass {nothing:.1f} ms"
    what = "osvc status NAME --format json, one guest, less virsh"
    yield Figure(what, ratio, STATUS_LIMIT, "x", detail)
    site.hypervisor.clear()


def status_of_many(site: Site) -> Iterator[Figure]:
    """`osvc status` of a thousand guests in 100 and in 1,000 services."""
    names = [f"g{number:04}" for number in range(GUESTS)]
    site.hypervisor.add_many(names)
    slowest = 0.0
    for count in (100, GUESTS):
        each = GUESTS // count
        site.write_services({f"s{i:04}": names[i * each : (i + 1) * each] for i in range(count)})
        if site.states() != ["down"] * GUESTS:
            raise AssertionError("every guest is defined and down")
        calls = site.virsh_calls("status", "--format", "json")
        yield Figure(f"virsh calls for {GUESTS} guests in {count} services", len(calls), 1, "", "counted")
        osvc, figure = _against_one_call(site, count, calls[0])
        slowest = max(slowest, osvc)
        yield figure
    one_by_one = seconds(lambda: site.run("sh", "-c", "for name; do virsh domstate $name; done", "sh", *names))
    detail = f"{one_by_one:.1f} s / {slowest:.2f} s"
    yield Figure(f"one virsh domstate for each of {GUESTS}, against osvc", one_by_one / slowest, 10, "x", detail, True)
    site.hypervisor.clear()


def _against_one_call(site: Site, count: int, call: Sequence[str]) -> tuple[float, Figure]:
    took = in_turn(
        {"virsh": lambda: site.run("virsh", *call), "osvc": lambda: site.osvc("status", "--format", "json")}, ROUNDS
    )
    osvc, virsh = took.median("osvc"), took.median("virsh")
    what = f"osvc status of {GUESTS} guests in {count} services"
    return osvc, Figure(what, osvc, 3 * virsh + 1, "s", f"limit: 3 x virsh {virsh:.3f} s + 1 s")
