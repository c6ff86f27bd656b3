"""Monitors of LXC among the processes of a node."""

from __future__ import annotations

from pathlib import Path

from opensvc_drivers_lxc.monitors import list_monitored


def process(folder: Path, pid: str, line: bytes, namespace: str) -> None:
    """A process as `/proc` shows it."""
    (folder / pid / "ns").mkdir(parents=True)
    (folder / pid / "cmdline").write_bytes(line)
    (folder / pid / "ns" / "pid").symlink_to(namespace)


def test_monitors_of_this_node_are_found_and_those_of_containers_are_not(tmp_path: Path) -> None:
    process(tmp_path, "self", b"python\0", "pid:[1]")
    process(tmp_path, "10", b"[lxc monitor] /var/lib/lxc c1\0\0\0", "pid:[1]")
    process(tmp_path, "11", b"[lxc monitor] /srv/my lxc a b\0", "pid:[1]")
    process(tmp_path, "12", b"[lxc monitor] /var/lib/lxc nested\0", "pid:[2]")
    process(tmp_path, "13", b"sh\0-c\0[lxc monitor] /var/lib/lxc no\0", "pid:[1]")
    (tmp_path / "14").mkdir()
    assert list_monitored(tmp_path) == {"/var/lib/lxc c1", "/srv/my lxc a b"}


def test_where_no_processes_can_be_seen_there_are_none(tmp_path: Path) -> None:
    assert list_monitored(tmp_path / "proc") == frozenset()
