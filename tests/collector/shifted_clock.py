"""A node's clock that can be put forward and back while its processes run."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path

from attrs import frozen

BUILD_SECONDS = 60.0
SOURCE = Path(__file__).with_name("clock_shift.c")


@frozen
class ShiftedClock:
    """The wall clock of the processes that have `variables` in their environment, and of what they start with it.

    Attributes:
        library: preloaded into them.
        file: how far their clock is off; each reads it anew whenever it asks for the time.
    """

    library: Path
    file: Path

    @classmethod
    def build(cls, folder: Path) -> ShiftedClock:
        """Compile what is preloaded; the clock is right.

        Raises:
            subprocess.CalledProcessError: the compiler refuses.
        """
        clock = cls(folder / "clock_shift.so", folder / "clock_shift")
        subprocess.run(
            ["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(clock.library), str(SOURCE), "-ldl"],
            check=True,
            timeout=BUILD_SECONDS,
        )
        clock.file.write_bytes(struct.pack("q", 0))
        return clock

    @property
    def variables(self) -> dict[str, str]:
        """What puts a process under this clock."""
        return {"LD_PRELOAD": str(self.library), "CLOCK_SHIFT_FILE": str(self.file)}

    def put(self, seconds: float) -> None:
        """Put the clock this far from the right time."""
        with self.file.open("r+b") as file:
            file.write(struct.pack("q", int(seconds * 1e9)))


def has_compiler() -> bool:
    """Whether a clock can be built here."""
    return shutil.which("gcc") is not None
