"""Runs the benchmarks and prints a table; ends with 1 if a figure misses its limit. `make bench` calls it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping

from benchmarks.figures import Figure, table
from benchmarks.start_up import start_up
from tests.lab import requirements

OF_GUESTS = ("status-one", "status-many", "start-one", "start-many")
OF_CLUSTERS = ("switch", "mon-hung")
OF_STORAGE = ("status-groups", "status-reservations", "start-reserved")
ANYWHERE = (
    "start-up",
    "status-platforms",
    "contract",
    "boot-many",
    "collector-dead",
    "collector-send",
    "inventory-many",
)
ALL = (*ANYWHERE, *OF_GUESTS, *OF_CLUSTERS, *OF_STORAGE)


def main() -> int:
    """Measure what was asked for, or all; and say what could not be measured here, and why."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(ALL)}; all by default")
    wanted = parser.parse_args().names or ALL
    unknown = set(wanted) - set(ALL)
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    figures = list(_told(_of_anywhere([name for name in ANYWHERE if name in wanted])))
    in_lab = [name for name in wanted if name not in ANYWHERE]
    missing = requirements.missing() if in_lab else ""
    if not missing:
        if with_guests := [name for name in OF_GUESTS if name in wanted]:
            figures += _told(_of_guests(with_guests))
        figures += _told(_of_clusters([name for name in OF_CLUSTERS if name in wanted]))
        figures += _told(_of_storage([name for name in OF_STORAGE if name in wanted]))
    print(table(figures))
    if missing:
        print(f"not measured: {', '.join(in_lab)}: {missing}")
    return int(not all(figure.is_met for figure in figures))


def _of_guests(names: list[str]) -> Iterator[Figure]:
    # Imported late: the lab knows its tools only where they are installed.
    from benchmarks.many_guests import status_of_many, status_of_one
    from benchmarks.site import Site
    from benchmarks.starts import start_many, start_one

    known: Mapping[str, Callable[[Site], Iterator[Figure]]] = {
        "status-one": status_of_one,
        "status-many": status_of_many,
        "start-one": start_one,
        "start-many": start_many,
    }
    with Site.up() as site:
        for name in names:
            yield from known[name](site)


def _of_anywhere(names: list[str]) -> Iterator[Figure]:
    from benchmarks.boots import boot_of_many
    from benchmarks.collector import action_with_dead_collector, inventory_of_many, sending_of_many
    from benchmarks.platforms import contract_of_drivers, status_of_platforms

    known: Mapping[str, Callable[[], Iterator[Figure]]] = {
        "start-up": start_up,
        "status-platforms": status_of_platforms,
        "contract": contract_of_drivers,
        "boot-many": boot_of_many,
        "collector-dead": action_with_dead_collector,
        "collector-send": sending_of_many,
        "inventory-many": inventory_of_many,
    }
    for name in names:
        yield from known[name]()


def _of_clusters(names: list[str]) -> Iterator[Figure]:
    from benchmarks.cluster_view import mon_with_one_hung
    from benchmarks.clusters import switch

    known: Mapping[str, Callable[[], Iterator[Figure]]] = {"switch": switch, "mon-hung": mon_with_one_hung}
    for name in names:
        yield from known[name]()


def _of_storage(names: list[str]) -> Iterator[Figure]:
    from benchmarks.storage import start_of_reserved_devices, status_of_groups, status_of_slow_devices

    known: Mapping[str, Callable[[], Iterator[Figure]]] = {
        "status-groups": status_of_groups,
        "status-reservations": status_of_slow_devices,
        "start-reserved": start_of_reserved_devices,
    }
    for name in names:
        yield from known[name]()


def _told(figures: Iterator[Figure]) -> Iterator[Figure]:
    """The same figures, each told on standard error as soon as it is known."""
    for figure in figures:
        print("  ".join(figure.row()), file=sys.stderr, flush=True)
        yield figure


if __name__ == "__main__":
    sys.exit(main())
