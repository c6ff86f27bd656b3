"""Figures of a run that are worth keeping: said at its end whatever pytest prints else, and kept in a file."""

from __future__ import annotations

import re
import time
from pathlib import Path

import attrs
import pytest

FOLDER = Path(__file__).resolve().parents[1] / ".cache" / "figures"


@attrs.define
class Figures:
    """What tests measure, by title; a title that is told again is told anew.

    Attributes:
        seed: of the run.
        runs: `OSVC_RUNS` of it.
    """

    seed: int
    runs: int
    _told: dict[str, str] = attrs.Factory(dict)
    _began: str = attrs.Factory(lambda: time.strftime("%Y-%m-%d %H:%M:%S"))

    @property
    def repeats(self) -> str:
        """What repeats this run."""
        return f"OSVC_RUNS={self.runs} OSVC_SEED={self.seed}"

    def tell(self, title: str, text: str) -> None:
        """Keep the figures of a test, in a file of that title too, which holds those of the last run."""
        self._told[title] = text
        FOLDER.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"\W+", "-", title.lower())
        (FOLDER / f"{name}.txt").write_text(f"{title}, {self._began}, {self.repeats}\n{text}\n")

    @pytest.hookimpl(tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """What was told, and what repeats the run: `-q` leaves out the head that says it."""
        for title, text in self._told.items():
            terminalreporter.section(title)
            terminalreporter.write_line(text)
        if self._told or terminalreporter.stats.get("failed") or terminalreporter.stats.get("error"):
            terminalreporter.write_line(f"{self.repeats} (set both to repeat this run)")
