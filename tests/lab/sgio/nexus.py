"""One I_T nexus of the lab: an initiator's port that is logged in to a target, and the tools that speak through it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from tests.lab.kept import Kept
from tests.lab.sgio.shim import Shim
from tests.lab.specification import environment

PORT = 3260
TOOL_SECONDS = 20.0


@attrs.frozen(slots=True)
class Fault:
    """What a nexus answers in the target's place.

    Attributes:
        what: in the words of `sgiod.c`; see the functions that make one.
        operation: operation code in hexadecimal, perhaps with a service action: `5f/04`; `*` for every command.
        lun: the unit that it concerns; None for all.
        times: how often it happens; None for ever.
    """

    what: str
    operation: str = "*"
    lun: int | None = None
    times: int | None = None

    def line(self) -> str:
        """As `sgiod` reads it."""
        return f"{self.operation} {_any(self.lun)} {_any(self.times)} {self.what}\n"


CONFLICT = "status 18"
BUSY = "status 8"
NOT_READY = "sense 2 4 3"
MEDIUM_ERROR = "sense 3 11 0"
UNSUPPORTED_COMMAND = "sense 5 20 0"
UNSUPPORTED_FIELD = "sense 5 24 0"
REGISTRATIONS_PREEMPTED = "sense 6 2a 5"
RESERVATIONS_RELEASED = "sense 6 2a 4"
RESERVATIONS_PREEMPTED = "sense 6 2a 3"
ABORTED = "sense b 0 0"
LOST = "drop"
"""The transport fails: the tool sees an error of the operating system."""


def delay(seconds: float) -> str:
    """The command is carried out, and answered so much later; other commands do not wait for it."""
    return f"delay {int(seconds * 1000)}"


class Nexus:
    """A folder of "devices", one a unit, and a session that answers for them.

    Attributes:
        name: of the initiator.
        folder: where the devices are: `sda` is unit 1, `sdb` unit 2, …
    """

    def __init__(
        self, name: str, folder: Path, shim: Shim, network: int, url: str, units: int, *, port: int = 1
    ) -> None:
        """Log in to `url` from the network namespace of process `network`; `port` is the initiator's port."""
        self.name = name
        self.folder = folder
        self._shim = shim
        self._network = network
        self._words = [f"iqn.2010-01.lab.opensvc:{name}", str(port), url]
        self._session: Kept | None = None
        folder.mkdir(parents=True)
        for unit in range(1, units + 1):
            Path(self.device(unit)).write_text(f"sgio:{folder}/socket:{unit}")
        self.log_in()

    def device(self, unit: int) -> str:
        """The path of the device that is unit `unit`."""
        letters = ""
        while unit:
            unit, rest = divmod(unit - 1, 26)
            letters = chr(ord("a") + rest) + letters
        return str(self.folder / f"sd{letters}")

    @property
    def env(self) -> dict[str, str]:
        """The environment in which SCSI tools see the devices."""
        return {**environment(), "LD_PRELOAD": str(self._shim.library)}

    def run(
        self, argv: Sequence[str], *, timeout: float = TOOL_SECONDS, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a SCSI tool.

        Raises:
            subprocess.TimeoutExpired: it took longer than `timeout` seconds.
        """
        return subprocess.run(
            list(argv), env={**self.env, **(env or {})}, capture_output=True, text=True, timeout=timeout, check=False
        )

    def log_in(self) -> None:
        """Log in again, as the same port of the same initiator; nothing happens when it is logged in.

        Raises:
            RuntimeError: the target does not answer, or refuses.
        """
        if self._session is not None and self._session.is_alive:
            return
        line = [str(self._shim.initiator), str(self.folder / "socket"), *self._words, str(self.folder / "faults")]
        self._session = Kept(line, self._network, env=environment(), stdout=subprocess.PIPE)
        assert self._session.stdout is not None
        said = self._session.stdout.readline().decode(errors="replace")
        self._session.stdout.close()
        if said != "up\n":
            self._session.kill()
            raise RuntimeError(f"{self.name} cannot log in: {said}")

    def cut(self) -> None:
        """Drop the session without a word, as a power cut would; the devices are lost until `log_in`."""
        if self._session is not None:
            self._session.kill()

    def set_faults(self, *faults: Fault) -> None:
        """Answer in the target's place from now on, by the first fault that fits; without faults, nowhere."""
        # Replaced in one step: sgiod may read it now.
        new = self.folder / "faults.new"
        new.write_text("".join(fault.line() for fault in faults))
        new.replace(self.folder / "faults")


def _any(number: int | None) -> str:
    return "*" if number is None else str(number)
