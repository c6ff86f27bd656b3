"""What can go wrong with the recording collector, and the file by which any process switches it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path

from attrs import asdict, field, frozen

CONTROL = "faults.json"
"""Name of the file in the collector's folder."""


class FaultKind(StrEnum):
    """How the collector fails. Those that lose an answer after the record was kept make duplicates."""

    NO_ACCEPT = "no-accept"
    """Connections are taken by the kernel and by nobody else: nothing is read, nothing answered."""
    HANG = "hang"
    """The request is read, and neither kept nor answered until the faults are cleared."""
    HANG_AFTER = "hang-after"
    """It is kept, and not answered until the faults are cleared."""
    LOSE_ANSWER = "lose-answer"
    """It is kept, and the connection closed without an answer."""
    RESET = "reset"
    """The connection is reset with the request read and not kept."""
    DRIP = "drip"
    """It is kept, and answered a byte every ``seconds``."""
    SLOW = "slow"
    """It is kept and answered after ``seconds``."""
    STATUS = "status"
    """Not kept; answered with the HTTP status ``status``."""
    FAULT = "fault"
    """Not kept; answered with an XML-RPC fault of code ``status`` and ``text``."""
    GARBAGE = "garbage"
    """Not kept; answered with 200 and ``text``, or with bytes that mean nothing."""
    NONSENSE = "nonsense"
    """Not kept; answered with a well-formed answer that no method gives."""
    TRUNCATED = "truncated"
    """It is kept; of its answer comes half, and the connection is closed."""
    HUGE = "huge"
    """It is kept; its answer is ``size`` bytes long."""
    REFUSE = "refuse"
    """The methods are not there, and not listed, until the faults are cleared."""
    UNREGISTERED = "unregistered"
    """Nobody is registered."""
    DIE = "die"
    """The collector kills itself with the request read and not kept."""
    DIE_AFTER = "die-after"
    """It kills itself with the request kept and not answered."""


KEEPING = frozenset(
    {
        FaultKind.HANG_AFTER,
        FaultKind.LOSE_ANSWER,
        FaultKind.DRIP,
        FaultKind.SLOW,
        FaultKind.TRUNCATED,
        FaultKind.HUGE,
        FaultKind.DIE_AFTER,
    }
)
"""Faults that come after the record was kept."""


def _texts(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(given)


@frozen
class Fault:
    """One fault that is switched on.

    Attributes:
        kind: what goes wrong.
        methods: only calls of these; empty: all calls.
        times: after so many it is over; 0: until it is cleared.
        seconds: of ``DRIP`` and ``SLOW``.
        status: of ``STATUS`` and ``FAULT``.
        text: of ``FAULT`` and ``GARBAGE``.
        size: bytes of ``HUGE``.
    """

    kind: FaultKind = field(converter=FaultKind)
    methods: tuple[str, ...] = field(default=(), converter=_texts)
    times: int = 0
    seconds: float = 0.1
    status: int = 500
    text: str = ""
    size: int = 64 << 20

    def concerns(self, method: str) -> bool:
        """Whether it strikes calls of a method."""
        return not self.methods or method in self.methods


def write_faults(folder: Path, faults: Sequence[Fault], number: int) -> None:
    """Switch to these faults, at once.

    Args:
        folder: of the collector.
        faults: the first that concerns a call strikes it.
        number: of this switch: counts of ``times`` begin anew with another one.
    """
    text = json.dumps({"number": number, "faults": [asdict(fault) for fault in faults]})
    new = folder / f"{CONTROL}.new"
    new.write_text(text, encoding="utf-8")
    new.replace(folder / CONTROL)


def read_faults(folder: Path) -> tuple[int, tuple[Fault, ...]]:
    """The number of the last switch and the faults that it left on; none without a file.

    Raises:
        ValueError: the file is none of ``write_faults``.
    """
    try:
        told = json.loads((folder / CONTROL).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 0, ()
    return told["number"], tuple(Fault(**each) for each in told["faults"])
