"""A node of HP-UX whose ``scu``, ``scsimgr`` and ``ioscan`` speak to logical units in memory (SPC-4), by their paths.

What it prints has the form that the parser's head names as remembered; nothing of it was captured on HP-UX.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from attrs import Factory, define

from opensvc_core.api import Cancel, Command, CommandResult, ReservationError, Spawned
from tests.opensvc_core.spc_model import Target

KEYS = """\
Persistent Reservation Header:
    Generation Value: {generation}
    Additional Length: {length}
Reservation Keys:
"""
HOLDER = """\
Persistent Reservation Header:
    Generation Value: {generation}
    Additional Length: 16
Reservation Descriptors:
    Reservation Key: {key:#x}
    Scope-Specific Address: 0
    Reservation Type: 0x5 (RT = Write Exclusive Registrants Only)
    Reservation Scope: 0 (LU - full logical unit)
"""
FREE = """\
Persistent Reservation Header:
    Generation Value: {generation}
    Additional Length: 0
"""


@define
class ScuNode:
    """Commands of one node; disk N of ``targets`` is ``/dev/rdisk/diskN`` with the paths ``c0tNd0``, ``c1tNd0``."""

    name: str
    targets: Mapping[int, Target]
    lines: list[str] = Factory(list)
    is_mixing_legs: bool = True
    guard: threading.Lock = Factory(threading.Lock)

    def execute(
        self, command: Command, cancel: Cancel, spawned: Callable[[Spawned], None] | None = None
    ) -> CommandResult:
        del cancel, spawned
        with self.guard:
            self.lines.append(" ".join(command.argv))
            program, *words = command.argv
            try:
                text = {"scu": self._scu, "scsimgr": self._scsimgr, "ioscan": self._ioscan}[program](words)
            except ReservationError as error:
                sense = "Unit Attention: " if error.code == "unit_attention" else ""
                return CommandResult(command.argv, 1, "", f"scu: {sense}{error.message}\n")
            return CommandResult(command.argv, 0, text)

    def _scsimgr(self, words: list[str]) -> str:
        if "all_lun" in words:
            return "".join(f"0x60060{number}:/dev/rdisk/disk{number}:{number}\n" for number in self.targets)
        if words[0] == "save_attr":
            assert words == ["save_attr", "-a", "leg_mpath_enable=false"]
            self.is_mixing_legs = False
            return ""
        assert words == ["get_attr", "-p", "-a", "leg_mpath_enable"]
        return f"{str(self.is_mixing_legs).lower()}\n"

    def _ioscan(self, words: list[str]) -> str:
        assert words == ["-F", "-m", "dsf"]
        return "".join(
            f"/dev/{kind}disk/disk{number}:/dev/{kind}dsk/c0t{number}d0 /dev/{kind}dsk/c1t{number}d0\n"
            for number in self.targets
            for kind in ("r", "")
        )

    def _scu(self, words: list[str]) -> str:
        flag, path, verb, *rest = words
        assert flag == "-f"
        assert path.startswith("/dev/rdsk/c")
        target = self.targets[int(path.partition("t")[2].partition("d")[0])]
        nexus = (self.name, path)
        if verb == "show":
            target.hear(nexus)
            return self._show(target, rest)
        assert verb == "preserve"
        assert not self.is_mixing_legs, "a path is spoken to while it may be another one"
        return self._preserve(target, nexus, rest[0], dict(zip(rest[1::2], rest[2::2], strict=True)))

    def _show(self, target: Target, what: list[str]) -> str:
        if what == ["keys"]:
            keys = list(target.registered.values())
            head = KEYS.format(generation=target.generation, length=8 * len(keys))
            return head + "".join(f"    {number}: {key:#x}\n" for number, key in enumerate(keys, 1))
        assert what == ["reservation"]
        if target.holder is None:
            return FREE.format(generation=target.generation)
        return HOLDER.format(generation=target.generation, key=target.registered[target.holder])

    def _preserve(self, target: Target, nexus: tuple[str, str], action: str, given: Mapping[str, str]) -> str:
        key, other = int(given.get("key", "0"), 16), int(given.get("skey", "0"), 16)
        if action == "register":
            target.hear(nexus)
            # Plain register: the key that is there must be named (SPC).
            if target.registered.get(nexus, 0) != key:
                raise ReservationError("Reservation Conflict", code="conflict")
            if other:
                target.register(nexus, other)
            else:
                target.unregister(nexus)
            return ""
        assert given["type"] == "wero"
        if action == "preempt":
            target.preempt(nexus, key, other)
        else:
            {"reserve": target.reserve, "release": target.release}[action](nexus, key)
        return ""
