"""The log of peers: whole lines, for its owner alone, put aside in time, and never in the way of a stop."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from opensvc_core.clock import SystemClock
from opensvc_core.cluster.peer_log import KEPT, PeerLog


def log_of(path: Path, pid: int = 1, largest: int = 2000) -> PeerLog:
    return PeerLog(path, SystemClock(), "n1", "10.0.0.1 40022", pid, largest)


def test_an_entry_is_a_line_that_tells_who(tmp_path: Path) -> None:
    path = tmp_path / "log/peer.log"
    log_of(path).record("refused", command="sh\nid\0é", text="x" * 9999, outcome="", about={"service": ["a"] * 99})
    (line,) = path.read_text().splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["peer"], entry["address"], entry["command"]) == (
        "refused", "n1", "10.0.0.1 40022", "sh\nid\0é",
    )  # fmt: skip
    assert len(line) < 1500
    assert "outcome" not in entry
    assert path.stat().st_mode & 0o777 == 0o600


def test_logs_that_grow_are_put_aside_and_nothing_is_torn_by_many_writers(tmp_path: Path) -> None:
    path = tmp_path / "peer.log"

    def write(pid: int) -> None:
        for number in range(60):
            log_of(path, pid).record("operation", number=number)

    threads = [threading.Thread(target=write, args=(pid,)) for pid in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["peer.log", *(f"peer.log.{n}" for n in range(1, KEPT + 1))]
    for file in files:
        assert file.stat().st_size <= 2000
        assert all(json.loads(line)["event"] == "operation" for line in file.read_text().splitlines())


def test_a_log_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("not a folder")
    log_of(tmp_path / "log/peer.log").record("begin")


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("")
    (tmp_path / "peer.log").symlink_to(tmp_path / "target")
    log_of(tmp_path / "peer.log").record("begin")
    assert (tmp_path / "target").read_text() == ""
