"""Rounds with faults at chance's will: whatever goes wrong, every action arrives, in order, and none is missing."""

from __future__ import annotations

import random
import sqlite3
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from attrs import define, field

from opensvc_testkit.collector import Certificates, has_openssl
from tests.collector.shifted_clock import ShiftedClock, has_compiler
from tests.collector.small_disk import SmallDisk
from tests.collector.troubles import TROUBLES, Trouble
from tests.collector.world import Violation, World

pytestmark = [pytest.mark.simulated, pytest.mark.timeout(7200)]

SHARE = 2
"""Rounds where nobody asks for more."""


@define
class Told:
    """What rounds came to.

    Attributes:
        rounds: how many.
        repeated: records that came twice.
        counts: what struck, and where.
        failures: what was not kept.
    """

    rounds: int = 0
    repeated: int = 0
    counts: Counter[tuple[str, str]] = field(factory=Counter)
    failures: list[str] = field(factory=list)

    def play(self, world: World, leading: Trouble, chance: random.Random, number: int) -> str:
        """Play a round and hold it against what is promised; how it went."""
        self.rounds += 1
        how = "all arrived"
        try:
            world.play(leading, chance)
            self.repeated += world.check()
        except (Violation, OSError, subprocess.SubprocessError, sqlite3.Error) as error:
            how = f"{type(error).__name__}: {error}; {dict(world.counts)}"
            self.failures.append(f"round {number}, {leading.name}: {how}")
        self.counts += world.counts
        return how

    def text(self) -> str:
        """All of it, with the table of what struck and where."""
        rows = [f"{what:24} {where:24} {number:5}" for (what, where), number in sorted(self.counts.items())]
        failed = f"{len(self.failures)} failed" if self.failures else "none failed"
        return "\n".join([f"{self.rounds} rounds, {failed}; {self.repeated} records came twice", *rows])


def can_mount(folder: Path) -> bool:
    """Whether a small disk can be had here."""
    try:
        SmallDisk(folder).close()
    except (RuntimeError, OSError):
        return False
    return True


def test_rounds(tmp_path: Path, osvc_runs: int, osvc_random: random.Random, capsys: pytest.CaptureFixture[str]) -> None:
    clock = ShiftedClock.build(tmp_path) if has_compiler() else None
    certificates = Certificates.make(tmp_path / "certificates") if has_openssl() else None
    small_disk = can_mount(tmp_path / "disk")
    troubles = list(TROUBLES)
    osvc_random.shuffle(troubles)
    rounds = max(SHARE, osvc_runs)
    told = Told()
    try:
        for number in range(rounds):
            chance = random.Random(osvc_random.getrandbits(64))
            leading = troubles[number % len(troubles)]
            secure = certificates if chance.random() < 0.3 else None
            with World.up(tmp_path / f"round{number}", clock, secure, small_disk=small_disk) as world:
                how = told.play(world, leading, chance, number)
            with capsys.disabled():
                if osvc_runs > 1:
                    print(f"round {number}: {leading.name}: {how}", flush=True)  # noqa: T201 - the log of a soak
    finally:
        # A soak that was ended by hand tells what it has.
        with capsys.disabled():
            if osvc_runs > 1:
                print(told.text())  # noqa: T201
    assert not told.failures, "\n".join(told.failures)
