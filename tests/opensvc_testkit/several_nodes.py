"""Plays the steps of a scenario on commands of several nodes, simulated or real, and notes what they answer.

A file is TOML: ``step = [{ run = [...], status = 0 }, ...]``. What the tools are run on, and what of their answers
hangs on more than what was asked, a ``Stage`` knows.
"""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve, frozen


@frozen
class Step:
    """One step.

    Attributes:
        run: the command's words.
        status: its exit status.
        on: the node on which it runs.
        more: whatever else the file says of it.
    """

    run: Sequence[str]
    status: int
    on: str
    more: Mapping[str, Any]


@frozen
class Answered:
    """What came of a step: the answer, and the state of everything after it."""

    on: str
    run: Sequence[str]
    status: int
    stdout: str
    stderr: str
    state: str


@frozen
class Stage:
    """What a scenario is played on.

    Attributes:
        run: runs a command on a node.
        state: tells the state of everything; it must not change it.
        shown: a text of an answer without what may differ.
        prepare: is called before each step.
    """

    run: Callable[[str, Sequence[str]], subprocess.CompletedProcess[str]]
    state: Callable[[], str]
    shown: Callable[[str], str] = str
    prepare: Callable[[Step], None] = lambda step: None

    def without_state(self) -> Stage:
        """The same where only answers are looked at: asking for the state takes longer than the steps."""
        return evolve(self, state=str)

    def play(self, steps: Sequence[Step]) -> list[Answered]:
        """Play all steps."""
        return [self._play(step) for step in steps]

    def _play(self, step: Step) -> Answered:
        self.prepare(step)
        done = self.run(step.on, step.run)
        texts = (self.shown(text) for text in (done.stdout, done.stderr, self.state()))
        return Answered(step.on, step.run, done.returncode, *texts)


def read_steps(name: str, first_node: str = "n1") -> list[Step]:
    """The steps of a scenario file beside this one."""
    rows = tomllib.loads(Path(__file__).with_name(name).read_text())["step"]
    known = ("run", "status", "on")
    return [
        Step(
            row["run"],
            row.get("status", 0),
            row.get("on", first_node),
            {key: value for key, value in row.items() if key not in known},
        )
        for row in rows
    ]


def differences(got: Sequence[Answered], wanted: Sequence[Answered]) -> str:
    """Where two plays of the same steps differ, in words; empty if they agree."""
    lines: list[str] = []
    for number, (one, other) in enumerate(zip(got, wanted, strict=True), 1):
        for side in ("status", "stdout", "stderr", "state"):
            ours, theirs = getattr(one, side), getattr(other, side)
            if ours != theirs:
                head = f"step {number}, {one.on}: {' '.join(one.run)}: {side}"
                if side == "state":
                    # Of a long text only the lines that differ.
                    ours, theirs = _without(ours, theirs), _without(theirs, ours)
                lines.append(f"{head}\n  got    {ours!r}\n  wanted {theirs!r}\n")
    return "".join(lines)


def _without(text: str, other: str) -> str:
    return "\n".join(line for line in text.splitlines() if line not in other.splitlines())
