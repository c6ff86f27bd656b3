"""One command line in a guest, its output passed on as it comes: what ``ssh`` and ``zlogin`` have in common."""

from __future__ import annotations

import os
import select

from opensvc_testkit.executables.call import Answer, write_all
from opensvc_testkit.executables.guest_system import SHELL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.guest_system import GuestSystem


def execute(call: Call, system: GuestSystem, line: str, *, reads_input: bool = True, killed: int = 255) -> Answer:
    """Run a command line and pass its output on, a line at a time.

    Args:
        call: whose output it is.
        system: where it runs.
        line: for the guest's shell.
        reads_input: whether it gets the call's standard input; else it reads nothing.
        killed: the status if a signal ends it.
    """
    output, errors = os.pipe(), os.pipe()
    given = 0 if reads_input else os.open(os.devnull, os.O_RDONLY)
    words = [SHELL, "-c", system.inward(line)]
    pid = system.spawn(words, system.environment([]), (given, output[1], errors[1]))
    os.close(output[1])
    os.close(errors[1])
    streams = {output[0]: 1, errors[0]: 2}
    pending = dict.fromkeys(streams, b"")
    kept = {1: "", 2: ""}
    while streams:
        for handle in select.select(list(streams), [], [])[0]:
            part = os.read(handle, 65536)
            whole, newline, rest = (pending[handle] + part).rpartition(b"\n")
            ready, pending[handle] = (whole + newline, rest) if part else (pending[handle], b"")
            text = system.outward(ready.decode("utf-8", "surrogateescape"))
            if call.streams:
                write_all(streams[handle], text)
            else:
                kept[streams[handle]] += text
            if not part:
                del streams[handle]
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return Answer(status if status >= 0 else killed, kept[1], kept[2])
