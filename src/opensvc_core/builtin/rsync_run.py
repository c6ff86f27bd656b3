"""One run of rsync: how far it is, what its end means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.api import CommandFailed, Outcome
from opensvc_core.builtin.rsync_command import EXITS, read_progress, summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.api import Context

TOLD_EVERY = 0.5
"""Seconds between two words on how far a transfer is."""
VANISHED = 24
"""Exit status of rsync: files were gone before they could be copied, as happens where a service runs (rsync(1))."""


def run_rsync(argv: Sequence[str], limit: float, context: Context) -> Outcome:
    """Run a transfer to its end, telling how far it is. Raises CommandFailed with what its exit status means."""
    told = -TOLD_EVERY

    def heard(text: str) -> None:
        nonlocal told
        progress = read_progress(text)
        if progress and context.clock.monotonic() - told >= TOLD_EVERY:
            told = context.clock.monotonic()
            context.tell_progress(progress)

    result = context.run(*argv, timeout=limit, check=False, heard=heard)
    if result.rc == VANISHED:
        context.note(EXITS[VANISHED], "sync_vanished")
    elif result.rc != 0:
        meaning = EXITS.get(result.rc, "it failed")
        lines = [line for line in result.stderr.splitlines() if line.strip()]
        said = lines[0].strip()[:300] if lines else "it said nothing"
        raise CommandFailed(
            f"rsync ended with status {result.rc}, {meaning}: {said}",
            argv=result.argv,
            rc=result.rc,
            stdout=result.stdout,
            stderr=result.stderr,
            hint="what has come is kept; the next sync goes on from there",
        )
    return Outcome.changed(summary(result.stdout) if result.is_made else "")
