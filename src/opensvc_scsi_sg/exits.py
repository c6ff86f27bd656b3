"""What exit statuses and words of the tools mean, as error codes that the algorithm knows. Pure.

Statuses of sg_persist: sg3_utils(8); of mpathpersist: ``mpath_persist.h`` of multipath-tools 0.9.4.
"""

from __future__ import annotations

import errno
import os
import re

from opensvc_core.api import CommandResult, ReservationError

_SG_ERRNO = 50
"""sg3_utils adds the system's error number to this: 52 for a file that is not there."""
_SG_CODES = {
    2: "not_ready",
    5: "not_supported",  # illegal request: the service action, or all of it, is unknown to the device
    6: "unit_attention",
    9: "not_supported",  # the command is unknown to the device
    12: "not_ready",  # a port in standby (ALUA)
    13: "not_ready",  # a port that is unavailable (ALUA)
    24: "conflict",
    26: "not_ready",  # busy
    27: "not_ready",  # its queue is full
}
_SG_ERRNO_CODES = {
    errno.ENOENT: "no_device",
    errno.ENXIO: "no_device",  # a path that the kernel has set offline
    errno.ENODEV: "no_device",
    errno.EINVAL: "not_supported",  # not a SCSI device: loop devices say so
    errno.ENOTTY: "not_supported",  # not a SCSI device
}
_MPATH_CODES = {
    2: "not_ready",
    5: "not_supported",
    6: "unit_attention",
    7: "not_supported",
    11: "conflict",
    12: "no_device",
    16: "not_ready",
}
_MEANINGS = {
    "conflict": "reservation conflict",
    "unit_attention": "unit attention",
    "not_ready": "not ready",
    "not_supported": "not supported",
    "no_device": "no such device",
}
_HINTS = {
    "configured reservation key doesn't match": (
        "multipath.conf sets a reservation_key that is not this node's: set `reservation_key file`,"
        " or the key that `osvc node prkey` prints"
    ),
    "failed to set prkey": "multipathd must run to keep the key (reservation_key file): start it, then try again",
}
_STAMP = re.compile(r"\A\s*[0-9]+\.[0-9]+ \| ")
_USAGE = re.compile(r"\s*(Usage|multipath-tools v)")


def sg_failure(result: CommandResult, path: str) -> ReservationError | None:
    """The error that an exit of sg_persist means; ``None`` for success."""
    if result.rc == 0:
        # sg_persist 0.67 ends with status 0 after an option that it does not know, and a message of its usage.
        if "unrecognized option" not in result.stderr:
            return None
        code = "failed"
    elif result.rc > _SG_ERRNO:
        code = _SG_ERRNO_CODES.get(result.rc - _SG_ERRNO, "failed")
    else:
        code = _SG_CODES.get(result.rc, "failed")
    said = _sg_words(result) or (os.strerror(result.rc - _SG_ERRNO) if _SG_ERRNO < result.rc < _SG_ERRNO + 40 else "")
    return _error("sg_persist", result, path, code, said)


def mpath_failure(result: CommandResult, path: str) -> ReservationError | None:
    """The error that an exit of mpathpersist means; ``None`` for success."""
    if result.rc == 0:
        return None
    return _error("mpathpersist", result, path, _MPATH_CODES.get(result.rc, "failed"), _mpath_words(result))


def _error(tool: str, result: CommandResult, path: str, code: str, said: str) -> ReservationError:
    words = said or _MEANINGS.get(code, "") or "it said nothing"
    hint = next((hint for text, hint in _HINTS.items() if text in said), "")
    return ReservationError(f"{path}: {tool}: {words} (exit status {result.rc})", code=code, hint=hint)


def _sg_words(result: CommandResult) -> str:
    """The line that says most: ``PR out (Reserve): Reservation conflict``."""
    lines = [line.strip() for line in result.stderr.splitlines() if line.strip()]
    for line in lines:
        if line.startswith(("PR in (", "PR out (")):
            # Of a unit attention, what it is about stands on a line of its own.
            about = next((each for each in lines if each.startswith("Additional sense: ")), "")
            return f"{line}, {about.removeprefix('Additional sense: ')}" if about else line
    return lines[0] if lines else ""


def _mpath_words(result: CommandResult) -> str:
    for line in result.stdout.splitlines():
        if "scsi status: " in line:
            return line.partition("scsi status: ")[2].strip()
    words: list[str] = []
    for line in result.stderr.splitlines():
        if _USAGE.match(line):
            break
        words.append(_STAMP.sub("", line).strip())
    return "; ".join(word for word in words if word)
