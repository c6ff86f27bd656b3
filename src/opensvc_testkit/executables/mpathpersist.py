"""Simulated ``mpathpersist`` of multipath-tools 0.9.4 (captured; what was not is marked [R]).

It takes a map, and sends each command to the paths that need it: registrations and releases to all, the rest to one.
As the real one, a release that leaves the disk reserved - of another's reservation, or with the wrong type - clears the
disk and registers this node's own key anew.
"""

from __future__ import annotations

import time

from opensvc_testkit.executables import news, reservations, sg_words
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.disks import find_disk, working_paths
from opensvc_testkit.executables.getopt_long import BadOptionError, Parsed, read
from opensvc_testkit.executables.mpath_reports import report
from opensvc_testkit.executables.mpath_words import OPTIONS, USAGE
from opensvc_testkit.executables.multipath_maps import find_map, scsi_id, state_of
from opensvc_testkit.executables.sg_persist import is_file
from opensvc_testkit.executables.targets import CONFLICT, ILLEGAL, NOT_READY, UNSUPPORTED, RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.multipath_maps import Map
    from opensvc_testkit.executables.shapes import Node, SharedDisk

SYNTAX, FILE, MAPPER = 1, 12, 13
STATUSES = {NOT_READY: 2, ILLEGAL: 5, UNSUPPORTED: 7, CONFLICT: 11}


class FailedError(Exception):
    """The command ends with ``status``; ``line`` goes to standard error with a stamp."""

    def __init__(self, status: int, *lines: str) -> None:
        super().__init__(status)
        self.status = status
        self.lines = lines


def run(call: Call) -> Answer:
    """Answer one ``mpathpersist`` call."""
    try:
        parsed = read(call.words, OPTIONS)
    except BadOptionError as error:
        return Answer(SYNTAX, "", f"mpathpersist: {error}\nunrecognised switch code 0x3f ??\n{USAGE}")
    for name in ("param-rk", "param-sark"):
        try:
            int(parsed.get(name, "0"), 16)
        except ValueError:
            return Answer(SYNTAX, "", f"bad argument to '--{name}'\n{USAGE}")
    devices = [*parsed.all("device"), *parsed.operands]
    if len(devices) > 1:
        return Answer(SYNTAX, "", f"Unexpected extra argument: {devices[1]}\n{USAGE}")
    if parsed.has("help"):
        return Answer(0, "", USAGE)
    is_in, is_out = parsed.has("in"), parsed.has("out")
    if is_in == is_out:
        said = "choose either '--in' or '--out' not both \n" if is_in else "choose either '--in' or '--out' \n"
        return Answer(SYNTAX, "", f"{said}{USAGE}")
    if not devices:
        return Answer(SYNTAX, "", f"No device name given \n{USAGE}")
    actions = [name for name, _ in parsed.options if name in (sg_words.OUT_ACTIONS if is_out else sg_words.IN_ACTIONS)]
    if len(actions) != 1 or parsed.has("hex") or parsed.has("batch-file") or parsed.has("transport-id"):
        raise NotSimulatedError("mpathpersist " + " ".join(call.words))
    return _on_device(call, parsed, actions[0], devices[0])


def _on_device(call: Call, parsed: Parsed, action: str, device: str) -> Answer:
    is_out = parsed.has("out")
    with call.store.opened() as world:
        node = call.here(world)
        found = find_map(node, device)
        try:
            if found is None:
                raise _no_map(device, is_known=find_disk(world, node["name"], device) is not None)
            disk = world["disks"][found["wwid"]]
            if is_out:
                _change(node, found, disk, action, parsed)
                return Answer()
            nexus = (node["name"], _paths(disk, node)[0])
            full = action == "read-full-status"
            _through(disk, nexus, lambda: reservations.begin(disk, nexus, full_status=full))
            return Answer(0, report(disk, action))
        except FailedError as failed:
            return _failure(failed, is_out=is_out)


def _no_map(device: str, *, is_known: bool) -> FailedError:
    if is_known or is_file(device):
        return FailedError(MAPPER, "8:0 failed to get device alias.")
    return FailedError(FILE, f"!{device}: error opening file (rw) fd=-1")


def _failure(failed: FailedError, *, is_out: bool) -> Answer:
    """Lines have a stamp, but for those that begin with ``!``, which end it."""
    bare = [line[1:] for line in failed.lines if line.startswith("!")]
    if bare:
        return Answer(failed.status, "", "".join(f"{line}\n" for line in bare))
    stderr = "".join(f"{time.monotonic():.6f} | {line}\n" for line in failed.lines)
    stdout = ""
    if is_out:
        if failed.status == STATUSES[CONFLICT]:
            stdout = "persistent reserve out: scsi status: Reservation Conflict\n"
        stdout += "PR out: command failed\n"
        stderr += USAGE if failed.status == SYNTAX else ""
    else:
        stderr += "Persistent Reserve IN command failed\n"
    return Answer(failed.status, stdout, stderr)


def _paths(disk: SharedDisk, node: Node) -> list[str]:
    paths = working_paths(disk, node["name"])
    if not paths:
        raise FailedError(MAPPER)  # [R]
    return paths


def _through(disk: SharedDisk, nexus: tuple[str, str], act: Callable[[], None]) -> None:
    """One command through one path; news of the path are read away, as the real one tries again."""
    news.forget_attentions(disk, nexus)
    try:
        act()
    except RefusedError as refused:
        raise FailedError(STATUSES[refused.kind]) from None


# -- PERSISTENT RESERVE OUT --------------------------------------------------------------------------------------------


def _change(node: Node, found: Map, disk: SharedDisk, action: str, parsed: Parsed) -> None:
    key, new = int(parsed.get("param-rk", "0"), 16), int(parsed.get("param-sark", "0"), 16)
    kind = int(parsed.get("prout-type", "0"), 16)
    state = state_of(node)
    in_file = state["setting"] == "file"
    if not state["setting"]:
        raise FailedError(SYNTAX, f"{found['name']}: configured reservation key doesn't match: 0x0")  # [R]
    configured = found["key"] if in_file else int(state["setting"], 16)
    if in_file and new and (action == "register-ignore" or (action == "register" and not configured)):
        if not state["daemon"]:
            raise FailedError(
                MAPPER, "ux socket connect error", f"{found['name']}: failed to set prkey for multipathd."
            )
        configured = found["key"] = new
    if configured not in (key, new) and (new or action != "register-ignore"):
        raise FailedError(SYNTAX, f"{found['name']}: configured reservation key doesn't match: 0x{configured:x}")
    if action in ("register", "register-ignore"):
        _register(node, disk, key, new, ignore=action == "register-ignore", persist=parsed.has("param-aptpl"))
        if not new:
            found["key"] = 0
    elif action == "release":
        _release(node, found, disk, configured, kind)
    else:
        _on_first(node, disk, action, (key, new, kind))


def _on_first(node: Node, disk: SharedDisk, action: str, words: tuple[int, int, int]) -> None:
    key, new, kind = words
    nexus = (node["name"], _paths(disk, node)[0])
    acts: dict[str, Callable[[], None]] = {
        "reserve": lambda: reservations.reserve(disk, nexus, key, kind),
        "clear": lambda: reservations.clear(disk, nexus, key),
        "preempt": lambda: reservations.preempt(disk, nexus, key, new, kind),
        "preempt-abort": lambda: reservations.preempt(disk, nexus, key, new, kind, abort=True),
    }
    _through(disk, nexus, acts[action])


def _register(node: Node, disk: SharedDisk, key: int, new: int, *, ignore: bool, persist: bool = False) -> None:
    done: list[tuple[str, str]] = []
    for path in _paths(disk, node):
        nexus = (node["name"], path)

        def act(nexus: tuple[str, str] = nexus) -> None:
            reservations.register(disk, nexus, key, new, ignore=ignore, persist=persist)

        try:
            _through(disk, nexus, act)
        except FailedError:
            # What came about on other paths is taken back [R].
            for other in done if new else ():
                reservations.register(disk, other, new, 0)
            raise
        done.append(nexus)


def _release(node: Node, found: Map, disk: SharedDisk, key: int, kind: int) -> None:
    for path in _paths(disk, node):
        nexus = (node["name"], path)
        try:
            _through(disk, nexus, lambda nexus=nexus: reservations.release(disk, nexus, key, kind))  # type: ignore[misc]
        except FailedError:
            continue  # whether it came about is asked of the disk
    if disk["holder"] is None:
        return
    nexus = (node["name"], _paths(disk, node)[0])
    try:
        reservations.begin(disk, nexus, full_status=True)
    except RefusedError as refused:
        text = f"{scsi_id(found['wwid'])}: pr in read full status command failed."
        raise FailedError(STATUSES[refused.kind], text) from None
    try:
        _through(disk, nexus, lambda: reservations.clear(disk, nexus, key))
    except FailedError as failed:
        raise FailedError(failed.status, f"{scsi_id(found['wwid'])}: failed to send CLEAR_SA") from None
    _register(node, disk, 0, key, ignore=False)
