"""The live view and `mon --watch` on a real terminal: drawn in place, and the terminal given back as it was."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pexpect
import pyte
import pytest

from tests.opensvc_core.cli.conftest import NodeFolder

pytestmark = pytest.mark.simulated

LINES, COLUMNS = 16, 80
PATIENCE = 30.0
OSVC = str(Path(sys.executable).parent / "osvc")


class Terminal:
    """A command on a terminal of 80 columns, and what its screen shows."""

    def __init__(self, node: NodeFolder, *words: str, **more: str) -> None:
        self.screen = pyte.Screen(COLUMNS, LINES)
        self.raw = b""
        self._stream = pyte.ByteStream(self.screen)
        self._process: pexpect.spawn[bytes] = pexpect.spawn(
            OSVC, list(words), env={**node.environment, **more}, dimensions=(LINES, COLUMNS), timeout=60
        )

    def until(self, pattern: str) -> list[str]:
        """Read until the screen shows what the pattern matches; the lines of the screen."""
        while not re.search(pattern, self.text):
            try:
                self._feed(self._process.read_nonblocking(65536, timeout=PATIENCE))
            except (pexpect.EOF, pexpect.TIMEOUT) as error:
                raise AssertionError(f"{type(error).__name__}: no {pattern!r} on this screen:\n{self.text}") from error
        return self.text.splitlines()

    @property
    def text(self) -> str:
        """What the screen shows, lines without blanks at their ends."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def shows_cursor(self) -> bool:
        """Whether the cursor is seen."""
        return not self.screen.cursor.hidden

    def press(self, key: str) -> None:
        """Press Ctrl and a key."""
        self._process.sendcontrol(key)

    def end(self) -> int:
        """Read to the end; the exit status."""
        while True:
            try:
                self._feed(self._process.read_nonblocking(65536, timeout=PATIENCE))
            except pexpect.EOF:
                break
        self._process.close()
        assert self._process.exitstatus is not None
        return int(self._process.exitstatus)

    def _feed(self, data: bytes) -> None:
        self.raw += data
        self._stream.feed(data)


def test_the_live_view_shows_steps_state_time_and_command(node: NodeFolder) -> None:
    folder = node.add("web01")
    os.mkfifo(folder / ".hold")
    terminal = Terminal(node, "start", "web01")
    lines = terminal.until("S10web")
    assert lines[0].startswith("start web01  0 of 1 steps")
    row = next(line for line in lines if "start web01/app#0" in line)
    assert row.split()[2] == "running"
    (folder / ".hold").write_text("go\n")
    assert terminal.end() == 0
    lines = [line.rstrip() for line in terminal.screen.display if line.strip()]
    assert lines[0].startswith("start web01  1 of 1 steps")
    assert lines[1].split()[:3] == ["start", "web01/app#0", "done"]
    assert lines[-1] == "web01: start done: 1 change"
    assert terminal.shows_cursor()


def test_what_is_drawn_in_place_fits_the_terminal_whatever_the_environment_says_of_it(node: NodeFolder) -> None:
    folder = node.add("web01")
    os.mkfifo(folder / ".hold")
    too_large = {"COLUMNS": str(COLUMNS + 40), "LINES": str(LINES + 40)}
    terminal = Terminal(node, "start", "web01", **too_large)
    terminal.until(r"0 of 1 steps +[^0]|0 of 1 steps +0.[5-9]")
    (folder / ".hold").write_text("go\n")
    assert terminal.end() == 0
    assert [line.split()[:5] for line in terminal.screen.display if "steps" in line] == [
        ["start", "web01", "1", "of", "1"]
    ]
    watched = Terminal(node, "mon", "--watch", "--interval", "0.2", **too_large)
    lines = watched.until(r"web01 .* up +up")
    watched.press("c")
    assert watched.end() == 0
    assert lines[1].split()[-2:] == ["OVER", "FRZ"]
    assert lines[2].startswith("web01 ")


def test_ctrl_c_in_the_live_view_is_said_above_it(node: NodeFolder) -> None:
    folder = node.add("web01")
    os.mkfifo(folder / ".hold")
    terminal = Terminal(node, "start", "web01")
    terminal.until("S10web")
    terminal.press("c")
    assert terminal.end() == 8
    assert any("cancelling (SIGINT)" in line for line in terminal.screen.display)
    assert any(line.startswith("web01: start cancelled") for line in terminal.screen.display)
    assert terminal.shows_cursor()


def test_a_dumb_terminal_gets_lines_and_no_cursor_codes(node: NodeFolder) -> None:
    node.add("web01")
    terminal = Terminal(node, "start", "web01", TERM="dumb")
    assert terminal.end() == 0
    assert b"\x1b" not in terminal.raw
    assert b"start web01/app#0: done after" in terminal.raw


def test_a_refused_run_draws_nothing(node: NodeFolder) -> None:
    node.add("web01")
    node.call("freeze", "web01")
    terminal = Terminal(node, "start", "web01")
    assert terminal.end() == 7
    assert b"pending" not in terminal.raw


@pytest.mark.parametrize("variable", ["NO_COLOR", ""])
def test_colours_on_a_terminal_unless_they_are_not_wanted(variable: str, node: NodeFolder) -> None:
    node.add("web01")
    terminal = Terminal(node, "status", "web01", **({variable: "1"} if variable else {}))
    assert terminal.end() == 0
    assert (b"\x1b[31m" in terminal.raw) is not bool(variable)


def test_watch_draws_in_place_follows_the_state_and_gives_the_screen_back(node: NodeFolder) -> None:
    folder = node.add("web01")
    terminal = Terminal(node, "mon", "--watch", "--interval", "0.2")
    lines = terminal.until(r"web01 .* down +down")
    assert lines[1].split()[-2:] == ["OVER", "FRZ"]
    assert not terminal.shows_cursor()
    (folder / ".up").touch()
    terminal.until(r"web01 .* up +up")
    terminal.press("c")
    assert terminal.end() == 0
    assert terminal.shows_cursor()
    assert b"\x1b[?1049l" in terminal.raw


def test_watch_without_a_terminal_prints_until_nobody_reads(node: NodeFolder) -> None:
    node.add("web01")
    run = subprocess.Popen(
        [OSVC, "mon", "--watch", "--interval", "0.2", "--format", "json"],
        env=node.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert run.stdout is not None
    lines = [run.stdout.readline() for _ in range(2)]
    assert all(line.startswith('{"schema": 1') for line in lines)
    run.stdout.close()
    assert run.wait(timeout=60) == 0
