"""A command in a guest, its output passed on as it comes: for ``ssh``, ``zlogin`` and ``lxc-attach`` alike."""

from __future__ import annotations

import os
import select

from opensvc_testkit.executables.call import Answer, write_all
from opensvc_testkit.executables.guest_system import SHELL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from opensvc_testkit.executables.call import Call
    from opensvc_testkit.executables.guest_system import GuestSystem


def stream(
    call: Call,
    system: GuestSystem,
    words: list[str],
    environment: dict[str, str],
    *,
    has_input: bool = True,
    folder: str = "/root",
) -> Answer:
    """Run argv to its end; the status is negative after a signal, and the output is in the answer if it was kept.

    Args:
        call: that asked for it; says whether output may be passed on.
        system: where it runs.
        words: argv; the first is a path.
        environment: see ``GuestSystem.environment``.
        has_input: whether it reads this process's standard input.
        folder: where it starts, of the guest.
    """
    output, errors = os.pipe(), os.pipe()
    source = 0 if has_input else os.open(os.devnull, os.O_RDONLY)
    pid = system.spawn(words, environment, (source, output[1], errors[1]), folder)
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
    return Answer(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), kept[1], kept[2])


def execute(call: Call, system: GuestSystem, line: str, *, reads_input: bool = True, killed: int = 255) -> Answer:
    """Run a command line and pass its output on, a line at a time.

    Args:
        call: whose output it is.
        system: where it runs.
        line: for the guest's shell.
        reads_input: whether it gets the call's standard input; else it reads nothing.
        killed: the status if a signal ends it.
    """
    words = [SHELL, "-c", system.inward(line)]
    answer = stream(call, system, words, system.environment([]), has_input=reads_input)
    if answer.status < 0:
        answer.status = killed
    return answer
