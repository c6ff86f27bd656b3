"""A target in user space: tgtd, which knows SCSI-3 reservations, in the lab's network."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from tests.lab import processes
from tests.lab.kept import Kept
from tests.lab.network import SWITCH_NUMBER
from tests.lab.sgio.nexus import PORT, Nexus
from tests.lab.sgio.shim import Shim
from tests.lab.uml.fabric import SEGMENTS, STORAGE, Fabric
from tests.lab.uml.san import Lun, San
from tests.lab.uml.specification import TARGET, Attachment

START_SECONDS = 10.0
ADM_SECONDS = 20.0


class Tgt(San):
    """tgtd with its portals on the switches."""

    def __init__(self, luns: tuple[Lun, ...], fabric: Fabric, folder: Path, shim: Shim, paths: int) -> None:
        """Serve `luns` behind one portal for each of `paths`.

        Raises:
            RuntimeError: tgtd does not come up, or refuses.
        """
        super().__init__()
        self.luns = luns
        self._folder = folder
        portals = tuple(f"{SEGMENTS[segment]}.{SWITCH_NUMBER}" for segment in STORAGE[:paths])
        self.attachment = Attachment(portals, len(luns) * paths)
        self._env = {**os.environ, "TGT_IPC_SOCKET": str(folder / "tgtd.socket")}
        doors = ",".join(f"portal={portal}:{PORT}" for portal in portals)
        with (folder / "tgtd.log").open("ab") as log:
            self._daemon = Kept(["tgtd", "-f", "--iscsi", doors], fabric.pid, env=self._env, stdout=log)
        self._wait_up()
        self._adm("target", "new", "--tid", "1", "-T", TARGET)
        for lun in luns:
            self._restore(lun)
        self._adm("target", "bind", "--tid", "1", "-I", "ALL")
        self.url = f"iscsi://{portals[0]}:{PORT}/{TARGET}/0"
        self.observer = Nexus("observer", folder / "observer", shim, fabric.pid, self.url, len(luns))

    def freeze(self) -> None:
        """Stop the target: it takes commands and answers none."""
        self._daemon.freeze()

    def thaw(self) -> None:
        """Let it go on."""
        self._daemon.thaw()

    def close(self) -> None:
        """End the observer and tgtd."""
        self.observer.cut()
        self._daemon.kill()

    def _remove(self, lun: Lun) -> None:
        self._adm("logicalunit", "delete", "--tid", "1", "--lun", str(lun.number))

    def _restore(self, lun: Lun) -> None:
        where = ["--tid", "1", "--lun", str(lun.number)]
        self._adm("logicalunit", "new", *where, "-b", str(lun.image), "--bstype", "rdwr")
        names = f"vendor_id=LAB,product_id=DISK,scsi_sn={lun.serial},scsi_id={lun.serial}"
        self._adm("logicalunit", "update", *where, "--params", names)

    def _wait_up(self) -> None:
        # tgtd has no way to tell that it serves but to answer.
        deadline = time.monotonic() + START_SECONDS
        while self._try("target", "show").returncode:
            if time.monotonic() > deadline or not self._daemon.is_alive:
                raise RuntimeError(f"tgtd does not come up: {(self._folder / 'tgtd.log').read_text()}")
            time.sleep(0.01)

    def _adm(self, mode: str, operation: str, *argv: str) -> str:
        done = self._try(mode, operation, *argv)
        if done.returncode:
            raise RuntimeError(f"tgtadm {mode} {operation} {' '.join(argv)}: {done.stderr}")
        return done.stdout

    def _try(self, mode: str, operation: str, *argv: str) -> subprocess.CompletedProcess[str]:
        line = [processes.tool("tgtadm"), "--lld", "iscsi", "--op", operation, "--mode", mode, *argv]
        return subprocess.run(line, env=self._env, capture_output=True, text=True, timeout=ADM_SECONDS, check=False)
