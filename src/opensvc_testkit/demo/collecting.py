"""The end of the demo: a recording collector hears what is done, and shows what it knows."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from opensvc_testkit.demo.service import SERVICE
from opensvc_testkit.demo.walk import Scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opensvc_testkit.collector import RecordingCollector
    from opensvc_testkit.demo.stage import Stage

CLIENT = "opensvc_collector_client"
"""The import package that reports to a collector."""
PATIENCE = 10.0
"""Seconds that a sender has to end by itself."""
WITHOUT = """There is no client for a collector here: what was done stays on this node. To see what a collector would
know of it, pip install opensvc-collector-client, and play again."""


@contextmanager
def open_collector(stage: Stage) -> Iterator[RecordingCollector | None]:
    """A collector for as long as the block lasts, which the stage's node reports to; None without a client.

    Args:
        stage: with a root folder that has a ``node.conf``.
    """
    if find_spec(CLIENT) is None:
        yield None
        return
    from opensvc_testkit.collector import RecordingCollector

    with RecordingCollector.up(stage.folder / "collector") as collector:
        settings = stage.root / "etc" / "node.conf"
        text = settings.read_text(encoding="utf-8")
        settings.write_text(text.replace("\nurl =\n", f"\nurl = {collector.url}\n"), encoding="utf-8")
        try:
            yield collector
        finally:
            _end_senders(stage)


def scenes() -> tuple[Scene, ...]:
    """The commands by which the node tells the rest of what it knows."""
    return (
        Scene(
            "All along a collector listened, a recording one of this demo's own: begins, ends and states reached it "
            "while you watched. Now it hears what the service is made of.",
            f"osvc push {SERVICE}",
        ),
        Scene("Nothing waits to be sent any more.", "osvc collector flush"),
    )


def knowledge(collector: RecordingCollector) -> str:
    """What the collector knows: services, actions and disks."""
    from opensvc_testkit.collector.knowledge import tell_all

    return tell_all(collector.record)


def _end_senders(stage: Stage) -> None:
    """Wait for what still sends for this stage, or end it: nothing may write to a folder that goes."""
    end = time.monotonic() + PATIENCE
    while senders := _senders(stage):
        if time.monotonic() > end:
            for pid in senders:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _senders(stage: Stage) -> list[int]:
    """Processes of this stage that send; none where the system has no ``/proc``."""
    mark = f"OSVC_ROOT={stage.root}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if b"collector" in words and b"send" in words:
                    found.append(int(entry.name))
    return found
