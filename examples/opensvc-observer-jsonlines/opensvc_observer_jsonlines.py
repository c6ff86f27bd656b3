"""An observer of OpenSVC: what changes on a node goes into a file, one JSON document a line."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path

from opensvc_core import api

NAME = "jsonlines"
"""Of this reader of the feed: the journal keeps for it what it has not confirmed."""
KINDS = (api.ChangeKind.BEGIN, api.ChangeKind.END, api.ChangeKind.STATUS)


class JsonLines:
    """Writes the changes after its position whenever a run ends; `[jsonlines] file` of `node.conf` says where to.

    What it writes comes from the feed, not from the event: what an earlier run could not write, this one does.
    """

    @api.hookimpl
    def attach(self, agent: api.Agent) -> None:
        """Get to know the agent whose events it will see."""
        self.agent = agent
        given = agent.node.settings.get(NAME, {}).get("file")
        self.file = Path(given) if given else agent.node.folders.log / "changes.jsonl"

    @api.hookimpl
    def observe(self, event: api.Event) -> None:
        """See an event. It returns soon: a file on a disk that hangs belongs into a process of its own."""
        if event.kind is api.EventKind.RUN_END:
            write_changes(api.Feed(self.agent.journal), self.file)


def write_changes(feed: api.Feed, file: Path) -> None:
    """Append what is new, and confirm it once it is on disk: every change is there at least once, in order."""
    file.parent.mkdir(parents=True, exist_ok=True)
    journal_id = feed.journal_id()
    with file.open("ab+") as out:
        # Two runs may end at once: the later one waits, and finds less to write.
        fcntl.flock(out, fcntl.LOCK_EX)
        positions: dict[str, int] = {kind: feed.position(NAME, kind) for kind in KINDS}
        new = [
            change
            for change in feed.changes(after=min(positions.values()), limit=10_000)
            if change.seq > positions.get(change.kind, change.seq)
        ]
        if out.tell() and os.pread(out.fileno(), 1, out.tell() - 1) != b"\n":
            out.write(b"\n")  # whoever wrote last was killed in the middle of a line
        out.writelines(line_of(feed, change) for change in new)
        out.flush()
        os.fsync(out.fileno())
        for kind in positions:
            newest = max((change.seq for change in new if change.kind == kind), default=0)
            feed.confirm(NAME, kind, newest, journal_id)


def line_of(feed: api.Feed, change: api.Change) -> bytes:
    """A change as a line; `seq` tells it from all others of its journal, and is the order."""
    document = {"seq": change.seq, "kind": change.kind, "service": change.service, "at": change.at, **change.data}
    run = feed.run(change.run_id, change.service) if change.run_id else None
    if run is not None:
        steps = [{"rid": step.rid, "action": step.action, "state": step.state} for step in run.steps]
        document |= {"run": run.id, "action": run.action, "user": run.user, "steps": steps}
    return json.dumps(document).encode() + b"\n"
