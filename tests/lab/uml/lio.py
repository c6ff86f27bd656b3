"""Linux's own target, in a node of its own: it can abort what a preempted initiator has in flight."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.lab.sgio.nexus import PORT, Nexus
from tests.lab.sgio.shim import Shim
from tests.lab.uml.fabric import CONTROL, SEGMENTS, STORAGE, Fabric
from tests.lab.uml.node import KernelNode
from tests.lab.uml.san import Lun, San
from tests.lab.uml.specification import TARGET, Attachment, Machine

MOST_LUNS = 15
NUMBER = 200
"""The last number of the addresses of the node `san`."""

_SETUP = Path(__file__).with_name("lio.sh")
_CONFIG = "/sys/kernel/config/target"
_MODULES = ("configfs", "target_core_mod", "target_core_iblock", "iscsi_target_mod", "crc32c_generic")
_REGISTRATION = re.compile(
    r"^iSCSI Node: (?P<name>[^,]+),i,(?P<port>0x[0-9a-f]+) Key: (?P<key>0x[0-9a-f]+)", re.MULTILINE
)


class Lio(San):
    """The node `san`, which has the disks.

    Attributes:
        node: that node.
    """

    def __init__(
        self,
        luns: tuple[Lun, ...],
        fabric: Fabric,
        folder: Path,
        shim: Shim,
        paths: int,
        build: Callable[[Machine], KernelNode],
    ) -> None:
        """Boot the node and serve `luns` behind one portal for each of `paths`.

        Raises:
            ValueError: more than `MOST_LUNS` disks.
            BootError: it does not come up.
        """
        if len(luns) > MOST_LUNS:
            raise ValueError(f"{len(luns)} disks: such a node has room for {MOST_LUNS}")
        super().__init__()
        self.luns = luns
        segments = STORAGE[:paths]
        portals = tuple(f"{SEGMENTS[segment]}.{NUMBER}" for segment in segments)
        self.attachment = Attachment(portals, len(luns) * paths)
        machine = Machine(
            "san",
            NUMBER,
            (*segments, CONTROL),
            memory=256,
            modules=_MODULES,
            setup=(str(_SETUP), TARGET, str(len(luns)), *portals),
            images=tuple(lun.image for lun in luns),
        )
        self.node = build(machine)
        self.node.on()
        self.url = f"iscsi://{portals[0]}:{PORT}/{TARGET}/0"
        self.observer = Nexus("observer", folder / "observer", shim, fabric.pid, self.url, len(luns))

    def registrants(self, lun: Lun) -> Mapping[str, int]:
        """The key of each initiator's port that is registered, by its name and port: `iqn…:n1,0x…`."""
        text = self.node.read(f"{self._disk(lun)}/pr/res_pr_registered_i_pts")
        return {f"{found['name']},{found['port']}": int(found["key"], 16) for found in _REGISTRATION.finditer(text)}

    def set_reservations(self, lun: Lun, *, is_able: bool) -> None:
        """Let the disk know SCSI-3 reservations, as it does at first, or not.

        Raises:
            subprocess.CalledProcessError: the target refuses.
        """
        self.node.exec(["tee", f"{self._disk(lun)}/attrib/emulate_pr"], input=f"{int(is_able)}\n", check=True)

    def clear(self, lun: Lun) -> None:
        """Drop all registrations, the reservation, and what `block` and `set_reservations` have done.

        Raises:
            RuntimeError: the target refuses.
        """
        self.set_reservations(lun, is_able=True)
        super().clear(lun)

    def freeze(self) -> None:
        """Stop the target: it takes commands and answers none."""
        self.node.freeze()

    def thaw(self) -> None:
        """Let it go on."""
        self.node.thaw()

    def close(self) -> None:
        """End the observer and cut the target's power."""
        self.observer.cut()
        self.node.kill()

    def _remove(self, lun: Lun) -> None:
        self.node.exec(["rm", self._export(lun)], check=True)

    def _restore(self, lun: Lun) -> None:
        self.node.exec(["ln", "-s", self._disk(lun), self._export(lun)], check=True)

    def _disk(self, lun: Lun) -> str:
        return f"{_CONFIG}/core/iblock_{lun.number}/lun{lun.number}"

    def _export(self, lun: Lun) -> str:
        return f"{_CONFIG}/iscsi/{TARGET}/tpgt_1/lun/lun_{lun.number}/disk"
