"""A lab of nodes with kernels of their own and disks that they share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from tests.lab.leftovers import LabFolder, sweep
from tests.lab.sgio.shim import Shim
from tests.lab.specification import make_keys
from tests.lab.uml.control import Control
from tests.lab.uml.fabric import CONTROL, PUBLIC, STORAGE, Fabric
from tests.lab.uml.lio import Lio
from tests.lab.uml.node import ROOT, KernelNode
from tests.lab.uml.san import Lun, San, make_luns
from tests.lab.uml.specification import Machine
from tests.lab.uml.tgt import Tgt

LUN_SIZE = 64 << 20
MEMORY = 512
SanKind = Literal["tgt", "lio"]


class KernelLab:
    """Nodes on their switches, and their target.

    Attributes:
        nodes: the nodes, `n1` first.
        san: the target and its disks.
        folder: where the lab keeps its files, in memory, at the same path in every node.
    """

    def __init__(
        self,
        san: SanKind = "tgt",
        *,
        luns: int = 2,
        lun_size: int = LUN_SIZE,
        paths: int = 1,
        is_bare: bool = False,
        memory: int = MEMORY,
    ) -> None:
        """A lab with a target and no node. Labs of sessions that are no more are swept away first.

        Args:
            san: `tgt`, in user space, quickly there; or `lio`, Linux's own, in a node of its own.
            luns: how many shared disks.
            lun_size: of each, in bytes.
            paths: how many ways nodes have to each, 1 or 2.
            is_bare: whether nodes have keys of their own and know nobody.
            memory: of each node, in MiB.
        """
        if not 1 <= paths <= len(STORAGE):
            raise ValueError(f"{paths} paths: there are {len(STORAGE)} segments of storage")
        sweep()
        self._is_bare, self._memory = is_bare, memory
        self.nodes: list[KernelNode] = []
        self.folder = LabFolder.create()
        self._segments = (PUBLIC, *STORAGE[:paths], CONTROL)
        try:
            self.fabric = Fabric()
            self.folder.note_process(self.fabric.pid)
            make_keys(self.path)
            self._control = Control.build(self.path)
            self.shim = Shim.build(self.path)
            self.san = self._make_san(san, make_luns(luns, lun_size, self.path), paths)
        except BaseException:
            self.down()
            raise

    @classmethod
    def up(
        cls,
        count: int,
        san: SanKind = "tgt",
        *,
        luns: int = 2,
        lun_size: int = LUN_SIZE,
        paths: int = 1,
        is_bare: bool = False,
        memory: int = MEMORY,
    ) -> KernelLab:
        """A lab with `count` nodes, all on."""
        lab = cls(san, luns=luns, lun_size=lun_size, paths=paths, is_bare=is_bare, memory=memory)
        try:
            nodes = [lab.add() for _ in range(count)]
            for node in nodes:
                node.begin_boot()
            for node in nodes:
                node.wait_booted()
        except BaseException:
            lab.down()
            raise
        return lab

    @property
    def path(self) -> Path:
        """The folder."""
        return self.folder.disk

    @property
    def luns(self) -> tuple[Lun, ...]:
        """The shared disks."""
        return tuple(self.san.luns)

    def add(self) -> KernelNode:
        """One more node, off."""
        number = len(self.nodes) + 1
        machine = Machine(
            f"n{number}",
            number,
            self._segments,
            memory=self._memory,
            attachment=self.san.attachment,
            is_bare=self._is_bare,
        )
        node = self._build(machine)
        self.nodes.append(node)
        return node

    def clear(self) -> None:
        """All nodes on, plugged in and idle, all disks empty and nobody's: whatever a test has done to them.

        What a test changed on a node's own disk stays, but for `$OSVC_ROOT`, which is emptied. A node that does not
        come clean loses its power.
        """
        self.san.thaw()
        for node in self.nodes:
            if node.is_on:
                node.thaw()
            self.fabric.set_port(node.name, None, up=True)
        self.san.reset()
        with ThreadPoolExecutor() as side_by_side:
            clean = list(side_by_side.map(lambda node: node.is_on and node.clear(), self.nodes))
        unclean = [node for node, is_clean in zip(self.nodes, clean, strict=True) if not is_clean]
        for node in unclean:
            node.kill()
            node.begin_boot()
        for node in unclean:
            node.wait_booted()
            node.exec(["rm", "-rf", ROOT], check=True)

    def down(self) -> None:
        """Cut the power of all and leave nothing behind."""
        for node in self.nodes:
            node.kill()
        if hasattr(self, "san"):
            self.san.close()
        if hasattr(self, "fabric"):
            self.fabric.close()
        self.folder.remove()

    def _make_san(self, kind: SanKind, luns: tuple[Lun, ...], paths: int) -> San:
        if kind == "tgt":
            return Tgt(luns, self.fabric, self.path, self.shim, paths)
        return Lio(luns, self.fabric, self.path, self.shim, paths, self._build)

    def _build(self, machine: Machine) -> KernelNode:
        return KernelNode(machine, self.path, self.fabric, self._control)

    def __enter__(self) -> KernelLab:
        return self

    def __exit__(self, *_: object) -> None:
        self.down()
