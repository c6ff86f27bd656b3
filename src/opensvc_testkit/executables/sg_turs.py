"""Simulated ``sg_turs`` (sg3_utils 1.46): TEST UNIT READY, with which agents read the news of a path away."""

from __future__ import annotations

from opensvc_testkit.executables import news
from opensvc_testkit.executables.call import Answer, NotSimulatedError
from opensvc_testkit.executables.disks import find_disk, is_lost
from opensvc_testkit.executables.getopt_long import BadOptionError, read
from opensvc_testkit.executables.sg_words import ENOENT, ENXIO, ERRNO, ERRORS, SAID
from opensvc_testkit.executables.targets import ATTENTION, RefusedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call

OPTIONS = [("n", "number", True), ("n", "num", True), ("v", "verbose", False)]


def run(call: Call) -> Answer:
    """Answer one ``sg_turs`` call."""
    try:
        parsed = read(call.words, OPTIONS)
    except BadOptionError as error:
        raise NotSimulatedError(str(error)) from None
    if len(parsed.operands) != 1 or parsed.has("verbose"):
        raise NotSimulatedError("sg_turs " + " ".join(call.words))
    (path,) = parsed.operands
    count, errors, status = int(parsed.get("number", "1")), 0, 0
    stdout = stderr = ""
    with call.store.opened() as world:
        disk = find_disk(world, call.node, path)
        if disk is None or is_lost(disk, call.node, path):
            number = ENOENT if disk is None else ENXIO
            return Answer(ERRNO + number, "", f"main: error opening file: {path}: {ERRORS[number]}\n")
        for _ in range(count):
            status = 0
            try:
                news.hear(disk, (call.node, path))
            except RefusedError as refused:
                errors, status = errors + 1, SAID[ATTENTION][0]
                stderr += (
                    "test unit ready:\nFixed format, current; Sense key: Unit Attention\n"
                    f"Additional sense: {refused.sense}\n"
                )
                stdout += "Unit attention\n" if count == 1 else ""
    if count > 1:
        stdout += f"Completed {count} Test Unit Ready commands with {errors} errors\n"
    # Of several commands the last one's end counts.
    return Answer(status, stdout, stderr)
