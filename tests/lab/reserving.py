"""Run in a node: the installed reservation backends on disks of that node, through the core's door; prints JSON.

python -m tests.lab.reserving KEY look|take|leave|preempt:VICTIM DEVICE...
"""

from __future__ import annotations

import json
import sys
from typing import Any

from opensvc_core.api import Device, LogicalUnit, OpenSVCError, ReservationError
from opensvc_core.backends import ReservationBackends
from opensvc_core.host.local import LocalHost
from opensvc_core.registry import RESERVATIONS, Registry
from opensvc_core.reservation import Claimant, view
from tests.opensvc_scsi_sg.stand_ins import context_on


def main(key: int, what: str, paths: list[str]) -> dict[str, Any]:
    """Do it, and say how it ended and what the disks say after it."""
    backends = ReservationBackends(Registry(RESERVATIONS))
    context = context_on(LocalHost("node"))
    answers = list(backends.identify([Device(path) for path in paths], context))
    units = [answer for _, answer in answers if isinstance(answer, LogicalUnit)]
    word, _, victim = what.partition(":")
    claimant = Claimant(
        backends,
        context,
        key,
        lambda other: other == int(victim or "0", 16),
        lambda other: f"{other:#x}",
        lambda _: True,
    )
    result: dict[str, Any] = {"refused": {d.path: a.message for d, a in answers if isinstance(a, ReservationError)}}
    try:
        if word in {"take", "preempt"}:
            result["changed"] = claimant.take(units)
        elif word == "leave":
            result["changed"] = claimant.give_up(units)
    except OpenSVCError as error:
        result["error"] = f"{error.code}: {error.message}"
    result["units"] = [
        {
            "device": each.unit.device.path,
            "identity": each.unit.identity,
            "paths": each.unit.paths,
            "lost_paths": each.unit.lost_paths,
            "backend": backends._claimed[each.unit.identity],
            "keys": [f"{key:#x}" for key in each.registrations.keys],
            "holder": each.reservation.key and f"{each.reservation.key:#x}",
            "error": each.error and each.error.message,
        }
        for each in view(backends, units, context)
    ]
    result["notes"] = [f"{note.code}: {note.text}" for note in context.notes]
    return result


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1], 16), sys.argv[2], sys.argv[3:])))  # noqa: T201 (its result)
