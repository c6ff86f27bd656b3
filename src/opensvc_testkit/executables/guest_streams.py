"""Runs a command in a simulated guest and passes its output on as it comes, a line at a time."""

from __future__ import annotations

import os
import select

from opensvc_testkit.executables.call import Answer, write_all

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
