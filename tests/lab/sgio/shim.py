"""The programs through which SCSI tools reach a target without SCSI in the kernel, compiled."""

from __future__ import annotations

import subprocess
from pathlib import Path

import attrs

BUILD_SECONDS = 60.0
_SOURCES = Path(__file__).parent


@attrs.frozen(slots=True)
class Shim:
    """What `sgio.c` and `sgiod.c` become.

    Attributes:
        library: to be preloaded into a tool (`LD_PRELOAD`).
        initiator: the program that holds the session of a nexus.
    """

    library: Path
    initiator: Path

    @classmethod
    def build(cls, folder: Path) -> Shim:
        """Compile into `folder`.

        Raises:
            subprocess.CalledProcessError: the compiler refuses, or libiscsi-dev is missing.
        """
        shim = cls(folder / "sgio.so", folder / "sgiod")
        library = ["-shared", "-fPIC", "-o", str(shim.library), str(_SOURCES / "sgio.c"), "-ldl"]
        initiator = ["-o", str(shim.initiator), str(_SOURCES / "sgiod.c"), "-liscsi"]
        for line in (library, initiator):
            subprocess.run(["gcc", "-O2", *line], check=True, timeout=BUILD_SECONDS)
        return shim
