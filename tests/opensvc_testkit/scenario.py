"""Plays the steps of a scenario on the tools of a platform, simulated or real, and notes what they answer.

A scenario is a table of steps (``virsh_scenario.toml``, ``lxc_scenario.toml``): played on both kinds of tools, every
step must have the same answer, exit status and effect.
"""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import evolve, frozen

Differences = Sequence[tuple[re.Pattern[str], str]]


@frozen
class Step:
    """One step: see the head of a scenario."""

    run: Sequence[str]
    status: int
    booted: str = ""
    of: str = ""
    until: str = ""


@frozen
class Answered:
    """What came of a step: the answer, and the state of everything after it."""

    run: Sequence[str]
    status: int
    stdout: str
    stderr: str
    state: str


@frozen
class Player:
    """Tools to play on.

    Attributes:
        run: runs a command with these words.
        states: commands that tell the state of everything, asked after each step.
        files: folder of the steps' files, as the tools see it; in steps it is ``FILES``.
        differs: what of an answer hangs on more than what was asked, and what stands for it.
        wait_booted: waits until a guest has booted.
        wait_state: waits until a guest is in a state.
        ordered: puts what comes in an order of its own into one.
    """

    run: Callable[..., subprocess.CompletedProcess[str]]
    states: Sequence[Sequence[str]]
    files: str
    differs: Differences
    wait_booted: Callable[[str], None]
    wait_state: Callable[[str, str], None]
    ordered: Callable[[str], str] = str

    def without_states(self) -> Player:
        """The same where only answers are looked at: asking for the states takes longer than the steps."""
        return evolve(self, states=())

    def play(self, steps: Sequence[Step]) -> list[Answered]:
        """Play all steps."""
        return [self._play(step) for step in steps]

    def _play(self, step: Step) -> Answered:
        if step.booted:
            self.wait_booted(step.booted)
        done = self.run(*(word.replace("FILES", self.files) for word in step.run))
        if step.until:
            self.wait_state(step.of, step.until)
        told = [self.run(*words) for words in self.states]
        state = "".join(each.stdout + each.stderr for each in told)
        texts = (self._shown(text) for text in (done.stdout, done.stderr, state))
        return Answered(step.run, done.returncode, *texts)

    def _shown(self, text: str) -> str:
        """A text without what may differ."""
        if self.files in text:
            # A table is as wide as the path in it.
            text = re.sub("-{9,}", "-" * 9, text.replace(self.files, "FILES"))
        for pattern, replacement in self.differs:
            text = pattern.sub(replacement, text)
        return self.ordered(text)


def read_steps(scenario: Path) -> list[Step]:
    """The steps of a scenario."""
    return [Step(**step) for step in tomllib.loads(scenario.read_text())["step"]]
