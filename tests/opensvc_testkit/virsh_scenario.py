"""Plays the steps of ``virsh_scenario.toml`` on a virsh, simulated or real, and notes what it answers."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import frozen

from opensvc_testkit.simulated_node import SimulatedNode

SCENARIO = Path(__file__).with_suffix(".toml")
URI = ("-c", "qemu:///system")
BLOCK = re.compile(r"Domain: '.*'\n(?:  .*\n)*")
DIFFERS = (
    # Numbers of domains go on counting through the tests of a session.
    (re.compile(r"(?m)^ \d+ +(?=vm)"), " N    "),
    (re.compile(r"(?m)^Id: +\d+$"), "Id: N"),
    (re.compile(r"(?m)^CPU time: .*$"), "CPU time: T"),
    # A warning that hangs on how libvirt was set up.
    (re.compile(r"(?m)^Messages: .*\n"), ""),
)
"""What of an answer hangs on more than what was asked."""


@frozen
class Step:
    """One step: see the head of the scenario."""

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
    """A virsh to play on.

    Attributes:
        virsh: runs it with these words.
        files: folder of the definitions, as that virsh sees it.
        wait_booted: waits until a guest has booted.
        wait_state: waits until ``domstate`` of a guest says that.
    """

    virsh: Callable[..., subprocess.CompletedProcess[str]]
    files: str
    wait_booted: Callable[[str], None]
    wait_state: Callable[[str, str], None]

    def play(self, steps: Sequence[Step]) -> list[Answered]:
        """Play all steps."""
        return [self._play(step) for step in steps]

    def _play(self, step: Step) -> Answered:
        if step.booted:
            self.wait_booted(step.booted)
        words = [word.replace("FILES", self.files) for word in step.run]
        done = self.virsh(*([] if "-c" in words else URI), *words)
        if step.until:
            self.wait_state(step.of, step.until)
        state = self.virsh(*URI, "domstats --state; list --all; list --all --name --autostart")
        texts = (self._shown(text) for text in (done.stdout, done.stderr, state.stdout + state.stderr))
        return Answered(step.run, done.returncode, *texts)

    def _shown(self, text: str) -> str:
        """A text without what may differ, and statistics in an order of their own."""
        if self.files in text:
            # A table is as wide as the path in it.
            text = re.sub("-{9,}", "-" * 9, text.replace(self.files, "FILES"))
        for pattern, replacement in DIFFERS:
            text = pattern.sub(replacement, text)
        return "".join(sorted(BLOCK.findall(text))) + BLOCK.sub("", text)


def steps() -> list[Step]:
    """The steps of the scenario."""
    return [Step(**step) for step in tomllib.loads(SCENARIO.read_text())["step"]]


def simulated_player(simulated: SimulatedNode, files: Path) -> Player:
    """A player on a simulated node whose guest ``vm2`` ignores the power button; ``files`` has the definitions."""
    for name in ("vm1", "vm2"):
        simulated.cluster.define_guest(name)
    simulated.cluster.change_guest("vm2", shutdown_time=None)

    def wait_state(name: str, state: str) -> None:
        assert simulated.run("virsh", "-q", "domstate", name).stdout == f"{state}\n"

    return Player(
        lambda *words: simulated.run("virsh", *words),
        str(files),
        lambda _: None,
        wait_state,
    )
