"""Which fault strikes a call: reads the control file anew for each, and counts."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

from attrs import define, field

from opensvc_testkit.collector.faults import Fault, FaultKind, read_faults

PAUSE = 0.02
"""Seconds between two looks at the control file by what hangs."""


@define
class Switchboard:
    """The faults of one running collector.

    Attributes:
        folder: of the collector, with the control file.
    """

    folder: Path
    _number: int = field(default=0, init=False)
    _struck: Counter[int] = field(factory=Counter, init=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False, repr=False)

    def strike(self, method: str) -> Fault | None:
        """The fault that strikes this call, counted; None if all is well."""
        number, faults = read_faults(self.folder)
        with self._lock:
            if number != self._number:
                self._number, self._struck = number, Counter()
            for place, fault in enumerate(faults):
                if fault.kind is FaultKind.NO_ACCEPT or not fault.concerns(method):
                    continue
                if fault.times and self._struck[place] >= fault.times:
                    continue
                self._struck[place] += 1
                return fault
        return None

    def refused(self) -> frozenset[str]:
        """Methods that are not there for now."""
        _, faults = read_faults(self.folder)
        return frozenset(name for fault in faults if fault.kind is FaultKind.REFUSE for name in fault.methods)

    def is_accepting(self) -> bool:
        """Whether connections are taken."""
        return all(fault.kind is not FaultKind.NO_ACCEPT for fault in read_faults(self.folder)[1])

    def number(self) -> int:
        """Of the last switch: what hangs goes on when it is another one."""
        return read_faults(self.folder)[0]
