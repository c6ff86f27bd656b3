"""Simulated ``sg_persist`` (texts captured from sg3_utils 1.46) on the disks that simulated nodes share."""

# os.path, as pathlib would add a third to the time of a call:
# ruff: noqa: PTH113
from __future__ import annotations

import os

from opensvc_testkit.executables import reservations, sg_reports, sg_words
from opensvc_testkit.executables.call import Answer
from opensvc_testkit.executables.disks import find_disk, is_lost
from opensvc_testkit.executables.multipath_maps import path_of_map
from opensvc_testkit.executables.targets import RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.sg_words import Asked
    from opensvc_testkit.executables.shapes import SharedDisk

    Nexus = tuple[str, str]

REPORTS = {
    "read-keys": sg_reports.keys,
    "read-reservation": sg_reports.reservation,
    "read-full-status": sg_reports.full_status,
    "report-capabilities": sg_reports.capabilities,
}


def run(call: Call) -> Answer:
    """Answer one ``sg_persist`` call."""
    asked = sg_words.understand(call.words)
    if isinstance(asked, Answer):
        return asked
    read_only = asked.read_only or (
        not asked.is_out and bool(os.environ.get("SG_PERSIST_IN_RDONLY") or os.environ.get("SG_PERSIST_O_RDONLY"))
    )
    with call.store.opened() as world:
        node = call.here(world)
        path = path_of_map(world, node, asked.device) or asked.device
        disk = find_disk(world, call.node, path)
        if disk is None:
            answer = (
                sg_words.is_no_disk(asked)
                if is_file(asked.device)
                else sg_words.cannot_open(asked, sg_words.ENOENT, read_only=read_only)
            )
        elif is_lost(disk, call.node, path):
            answer = sg_words.cannot_open(asked, sg_words.ENXIO, read_only=read_only)
        else:
            answer = _ask(asked, disk, (call.node, path))
    if asked.with_inquiry and disk is not None and not is_lost(disk, call.node, path):
        head = f"  {disk['vendor'][:8]:<8}  {disk['model'][:16]:<16}  {'0001':<4}\n  Peripheral device type: disk\n"
        answer.stdout = head + answer.stdout
    answer.stderr = asked.notes + answer.stderr
    return answer


def is_file(path: str) -> bool:
    """Whether this is a file that is no disk; what this machine has in ``/dev`` is not there."""
    return os.path.isfile(path) and not path.startswith("/dev/")


def _ask(asked: Asked, disk: SharedDisk, nexus: Nexus) -> Answer:
    try:
        if asked.is_out:
            change(disk, nexus, asked)
            return Answer()
        reservations.begin(disk, nexus, full_status=asked.action == "read-full-status")
    except RefusedError as refused:
        return sg_words.refusal(asked, refused)
    return Answer(0, REPORTS[asked.action](disk))


def change(disk: SharedDisk, nexus: Nexus, asked: Asked) -> None:
    """Carry out PERSISTENT RESERVE OUT. Raises RefusedError."""
    if asked.action in ("register", "register-ignore"):
        ignore = asked.action == "register-ignore"
        reservations.register(disk, nexus, asked.key, asked.new, ignore=ignore, persist=asked.persists)
    elif asked.action == "reserve":
        reservations.reserve(disk, nexus, asked.key, asked.kind)
    elif asked.action == "release":
        reservations.release(disk, nexus, asked.key, asked.kind)
    elif asked.action == "clear":
        reservations.clear(disk, nexus, asked.key)
    else:
        abort = asked.action == "preempt-abort"
        reservations.preempt(disk, nexus, asked.key, asked.new, asked.kind, abort=abort)
