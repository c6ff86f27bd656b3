"""A stand-in for ssh and the gate behind it, for rsync: `gate.py ROOT ORIGIN HOST WORDS…`, no network and no keys."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from opensvc_core.cluster.rsync_words import server_argv
from opensvc_core.cluster.tickets import redeem
from opensvc_core.node import Folders


def main(root: str, origin: str, _host: str, command: str, *words: str) -> None:
    """Redeem the ticket in the command, then be the rsync that it allows."""
    begin, _, ticket = command.rpartition(" ")
    assert begin == "osvc peer receive"
    facts = redeem(Folders(Path(root)), origin, ticket, "receive")
    argv = server_argv(words, facts["paths"], is_sender=facts["is_sender"])
    slow = Path(root, "tmp", "gate.slow")
    if slow.exists():
        # Cut in the middle: what has come so far has come, then the way is gone.
        slow.unlink()
        argv = ("timeout", "-s", "KILL", "0.3", *argv)
    os.execvp(argv[0], argv)  # noqa: S606 - what a peer may run is the point of it


if __name__ == "__main__":
    main(*sys.argv[1:])
