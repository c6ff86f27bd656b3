"""Rounds with faults at chance's will: whatever goes wrong, every action arrives, in order, and none is missing."""

from __future__ import annotations

import random
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from opensvc_testkit.collector import Certificates, has_openssl
from tests.collector.shifted_clock import ShiftedClock, has_compiler
from tests.collector.small_disk import SmallDisk
from tests.collector.troubles import TROUBLES
from tests.collector.world import Violation, World

pytestmark = [pytest.mark.simulated, pytest.mark.timeout(7200)]

SHARE = 2
"""Rounds where nobody asks for more."""


def table(counts: Mapping[tuple[str, str], int]) -> str:
    """What struck, and where, a line each."""
    return "\n".join(f"{what:24} {where:24} {number:5}" for (what, where), number in sorted(counts.items()))


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
    counts: Counter[tuple[str, str]] = Counter()
    troubles = list(TROUBLES)
    osvc_random.shuffle(troubles)
    rounds = max(SHARE, osvc_runs)
    repeated, failures = 0, []
    for number in range(rounds):
        leading = troubles[number % len(troubles)]
        chance = random.Random(osvc_random.getrandbits(64))
        secure = certificates if chance.random() < 0.3 else None
        with World.up(tmp_path / f"round{number}", clock, secure, small_disk=small_disk) as world:
            try:
                world.play(leading, chance)
                repeated += world.check()
                how = "all arrived"
            except (Violation, OSError, subprocess.SubprocessError, sqlite3.Error) as error:
                how = f"{type(error).__name__}: {error}; {dict(world.counts)}"
                failures.append(f"round {number}, {leading.name}: {how}")
            counts += world.counts
        with capsys.disabled():
            if osvc_runs > 1:
                print(f"round {number}: {leading.name}: {how}", flush=True)  # noqa: T201 - the log of a soak
    with capsys.disabled():
        if osvc_runs > 1:
            print(f"{rounds} rounds, {repeated} records came twice\n{table(counts)}")  # noqa: T201
    assert not failures, "\n".join(failures)
