"""One go of the sender as a process of its own: what `osvc collector send` does, and what an observer starts."""

from __future__ import annotations

import os

from opensvc_collector_client.cli.here import open_node
from opensvc_collector_client.private_files import Lock
from opensvc_collector_client.sender import Outcome, Sender


def send(lock: int) -> int:
    """Send what waits and end; the exit status.

    Args:
        lock: open file that holds the sender's lock already; below 0 there is none.
    """
    if lock >= 0:
        os.set_inheritable(lock, False)
    outcome = Sender.of(open_node()).send(lock=Lock(lock) if lock >= 0 else None)
    return int(outcome is Outcome.FAILED)
