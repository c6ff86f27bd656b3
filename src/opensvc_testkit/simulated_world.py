"""The files that a simulated cluster is made of, under their lock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, field

from opensvc_testkit.executables import life
from opensvc_testkit.executables.store import Store, now

if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import World


def _resolved(path: Path) -> Path:
    return Path(path).resolve()


@define
class SimulatedWorld:
    """Opening the folder of an existing world goes on with it. Several processes may use one.

    Attributes:
        root: folder of its state; made if it is not there.
    """

    root: Path = field(converter=_resolved)
    _store: Store = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._store = Store(str(self.root))
        if not (self.root / "world").exists():
            self._store.create(
                {
                    "clock_offset": 0.0,
                    "nodes": {},
                    "guests": {},
                    "machines": {},
                    "faults": [],
                    "next_fault": 1,
                    "next_boot": 1,
                    "disks": {},
                }
            )

    @contextmanager
    def opened(self) -> Iterator[World]:
        """The world under its lock, brought up to date; for the facets of the platforms.

        What is changed is kept at the end of the block.
        """
        with self._store.opened() as world:
            life.settle(self._store.folder, world, now(world))
            yield world

    def close(self) -> None:
        """End all that runs or hangs. The cluster is of no use after it; its record of calls stays."""
        with self._store.opened() as world:
            for node in world["nodes"].values():
                for domain in list(node["domains"].values()):
                    life.power_off(node, domain, life.OFF_DESTROYED)
                for guest in list(node["powered"]):
                    life.power_down(node, guest)
        (self.root / "world").unlink()
