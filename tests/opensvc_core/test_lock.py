"""The lock of a service: one holder, named, gone with its process, not inherited by commands."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from contextlib import AbstractContextManager
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from opensvc_core.clock import Cancel, SystemClock
from opensvc_core.errors import Cancelled, Locked
from opensvc_core.lock import Holder, hold_lock, read_holder

HOLDER = Holder(os.getpid(), "ann", "start", 1_700_000_000.0, "r1")


def _hold(folder: Path, **options: object) -> AbstractContextManager[None]:
    settings: dict[str, object] = {"wait": 0.0, "clock": SystemClock(), "cancel": Cancel(), **options}
    return hold_lock(folder, "svc", HOLDER, **settings)  # type: ignore[arg-type]


def test_a_busy_lock_names_its_holder(tmp_path: Path) -> None:
    with _hold(tmp_path), pytest.raises(Locked) as caught, _hold(tmp_path):
        pass
    message = caught.value.message
    assert f"start by ann, pid {os.getpid()}, since 2023-11-1" in message
    assert caught.value.exit_status == 5


def test_a_lock_is_free_again_after_use_and_names_nobody(tmp_path: Path) -> None:
    with _hold(tmp_path):
        assert read_holder(tmp_path / "svc") == HOLDER
    assert read_holder(tmp_path / "svc") is None
    with _hold(tmp_path):
        pass


def test_whoever_waits_gets_the_lock_when_it_is_given_up(tmp_path: Path) -> None:
    taken, give_up = threading.Event(), threading.Event()

    def first() -> None:
        with _hold(tmp_path):
            taken.set()
            give_up.wait()

    thread = threading.Thread(target=first)
    thread.start()
    taken.wait()
    threading.Timer(0.05, give_up.set).start()
    with _hold(tmp_path, wait=30.0):
        assert give_up.is_set()
    thread.join()


def test_waiting_can_be_cancelled(tmp_path: Path) -> None:
    cancel = Cancel()
    cancel.set("SIGINT")
    with _hold(tmp_path), pytest.raises(Cancelled, match="SIGINT"), _hold(tmp_path, wait=30.0, cancel=cancel):
        pass


def _hold_for_ever(folder: Path, ready: Event) -> None:
    with _hold(folder):
        ready.set()
        signal.pause()


def test_a_killed_holder_keeps_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    ready = context.Event()
    process = context.Process(target=_hold_for_ever, args=(tmp_path, ready))
    process.start()
    ready.wait()
    with pytest.raises(Locked), _hold(tmp_path):
        pass
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    with _hold(tmp_path):
        pass


def test_a_command_that_outlives_the_run_does_not_keep_the_lock(tmp_path: Path) -> None:
    with _hold(tmp_path):
        daemon = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], close_fds=False)
    try:
        # Waiting helps only if the daemon lets go by itself: the kernel closes its copy a moment after the exec began.
        with _hold(tmp_path, wait=20.0):
            pass
    finally:
        daemon.kill()
        daemon.wait()


@pytest.mark.parametrize("text", ["", "{", '{"pid": 1}', "[]", "\x00\xff"])
def test_a_file_that_does_not_say_who_is_no_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "svc").write_text(text)
    assert read_holder(tmp_path / "svc") is None
    with _hold(tmp_path):
        assert json.loads((tmp_path / "svc").read_text())["user"] == "ann"


def test_a_link_in_place_of_a_lock_file_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = tmp_path / "lock"
    folder.mkdir()
    (folder / "svc").symlink_to(victim)
    with pytest.raises(OSError, match=r"Too many levels|symbolic"), _hold(folder):
        pass
    assert victim.read_text() == "precious"


def test_a_lock_is_free_at_once_though_a_command_that_is_being_spawned_has_its_descriptor_still(tmp_path: Path) -> None:
    with _hold(tmp_path):
        (held,) = [fd for fd in _descriptors() if _leads_to(fd, tmp_path / "svc")]
        copy = os.dup(held)  # as a fork has it until it becomes the command
    try:
        with _hold(tmp_path):
            pass
    finally:
        os.close(copy)


def _descriptors() -> list[int]:
    return [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]


def _leads_to(descriptor: int, path: Path) -> bool:
    try:
        return Path(f"/proc/self/fd/{descriptor}").resolve() == path.resolve()
    except OSError:
        return False


def test_a_full_disk_leaves_the_lock_and_the_holder_unnamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", refuse)
    with _hold(tmp_path):
        assert read_holder(tmp_path / "svc") is None
        with pytest.raises(Locked, match="does not say who"), _hold(tmp_path):
            pass
