"""A target and initiators for the logic of reservations: no kernel between tools and target, and no node to boot."""

from __future__ import annotations

from tests.lab.leftovers import LabFolder, sweep
from tests.lab.sgio.nexus import Nexus
from tests.lab.sgio.shim import Shim
from tests.lab.uml.fabric import Fabric
from tests.lab.uml.san import Lun, make_luns
from tests.lab.uml.tgt import Tgt

UNIT_SIZE = 16 << 20


class NexusBench:
    """tgtd and as many initiators as a test wants.

    Attributes:
        san: the target; it tells who holds what.
    """

    def __init__(self, units: int) -> None:
        """Serve `units` empty disks. What sessions left behind that are no more is swept away first."""
        sweep()
        self._folder = LabFolder.create()
        self._fabric: Fabric | None = None
        self._nexuses: list[Nexus] = []
        self._made = 0
        try:
            self._fabric = Fabric()
            self._folder.note_process(self._fabric.pid)
            self._shim = Shim.build(self._folder.disk)
            luns = make_luns(units, UNIT_SIZE, self._folder.disk)
            self.san = Tgt(luns, self._fabric, self._folder.disk, self._shim, paths=1)
        except BaseException:
            self.close()
            raise

    @property
    def luns(self) -> tuple[Lun, ...]:
        """The disks."""
        return tuple(self.san.luns)

    def add(self, name: str, *, port: int = 1) -> Nexus:
        """One more initiator, logged in: `name`, with its port `port`, is one I_T nexus."""
        assert self._fabric is not None
        self._made += 1
        folder = self._folder.disk / f"nexus{self._made}"
        nexus = Nexus(name, folder, self._shim, self._fabric.pid, self.san.url, len(self.luns), port=port)
        self._nexuses.append(nexus)
        return nexus

    def clear(self) -> None:
        """No initiator, no registration, empty disks."""
        for nexus in self._nexuses:
            nexus.cut()
        self._nexuses = []
        self.san.reset()

    def close(self) -> None:
        """End all and leave nothing behind."""
        for nexus in self._nexuses:
            nexus.cut()
        if hasattr(self, "san"):
            self.san.close()
        if self._fabric is not None:
            self._fabric.close()
        self._folder.remove()

    def __enter__(self) -> NexusBench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
