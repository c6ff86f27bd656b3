"""Which tiers of tests ran, which did not and why; on CI a test of the lab that does not run is a failure.

A pytest plugin (an object, registered by `tests/conftest.py`). Marks tell the tiers: `lab`, `wheels`, `simulated`, and
none for pure tests.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

PURE = "pure"
NAMES: Mapping[str, str] = {
    PURE: "tier 0, pure",
    "simulated": "tier 1, simulated platforms",
    "lab": "tier 2, real platforms",
    "wheels": "wheels, built and installed",
}
LEFT_OUT = "left out of this run"
# Mark expressions of a run that is meant to be whole; any other is somebody's choice of a few tests.
WHOLE_RUNS = frozenset({"", "not wheels"})
# `make test` runs these at once: together they are a whole run, and no test is in two. The first four hold no lab.
SHARES = (
    "not lab and not wheels and not simulated and not walks",
    "walks and not lab and not wheels",
    "simulated and not walks and not kit and not lab and not wheels",
    "kit and not walks and not lab and not wheels",
    "lab and not kernels and not cluster",
    "cluster",
    "kernels and not storage",
    "storage",
)
LAB_SHARES = SHARES[4:]
# Folders whose tests go through a whole life of a service or a driver on a simulated platform; marked `walks`.
WALKS = frozenset({"conformance", "platforms", "demo"})
# The folder of the simulators' own tests; those that run them are marked `kit`.
KIT = "opensvc_testkit"
FOLDERS: Mapping[str, frozenset[str]] = {
    SHARES[1]: frozenset({*WALKS - {"demo"}, KIT}),
    SHARES[3]: frozenset({KIT}),
    SHARES[4]: frozenset({"lab", "opensvc_core"}),
    **dict.fromkeys(SHARES[5:], frozenset({"lab"})),
}
"""Of some shares the folders of `tests/` in which all their tests lie: to look into the others takes seconds."""


def tier_of(item: pytest.Item) -> str:
    """The tier of a test: the heaviest of its marks."""
    return next((mark for mark in ("lab", "wheels", "simulated") if item.get_closest_marker(mark)), PURE)


def is_true(value: str) -> bool:
    """Whether an environment variable says yes: `CI` is `true` on most hosts and `1` on others."""
    return value.strip().lower() in {"1", "true", "yes", "on"}


class Tiers:
    """Counts the tests of each tier, says at the end which did not run, and on CI fails for those of the lab.

    Args:
        strict: whether a test of the lab that does not run is a failure.
        whole: whether this run is meant to hold all tests, so that a lab without a single test is a failure too.
        share: whether it holds a share of the lab: what it leaves out, another one holds.
    """

    def __init__(self, *, strict: bool, whole: bool, share: bool = False) -> None:
        self._strict = strict
        self._whole = whole
        self._share = share
        self._ran: Counter[str] = Counter()
        self._missed: dict[str, Counter[str]] = {}
        self._failure = ""

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Count a file that took itself out; one of the lab is a failure where that is asked."""
        report = yield
        if report.skipped and "lab" in collector.path.parts:
            self._miss("lab", _reason(report))
            if self._strict:
                report.outcome = "failed"
                report.longrepr = f"a file of the lab did not run: {_reason(report)}"
        return report

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Count what ran and what was skipped; a skipped test of the lab is a failure where that is asked."""
        report = yield
        tier = tier_of(item)
        if report.when == "call":
            self._ran[tier] += not report.skipped or hasattr(report, "wasxfail")
        if report.skipped and not hasattr(report, "wasxfail"):
            reason = _reason(report)
            self._miss(tier, reason)
            if tier == "lab" and self._strict:
                report.outcome = "failed"
                report.longrepr = f"a test of the lab did not run: {reason}"
        return report

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Count what was left out before it could run."""
        for item in items:
            tier = tier_of(item)
            by = "; `make wheel-test` runs it" if tier == "wheels" else ""
            self._miss(tier, f"{LEFT_OUT} (by -m, -k or --deselect){by}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Fail a whole run on CI in which no test of the lab was there, or some were left out."""
        if session.config.option.collectonly or not (self._strict and (self._whole or self._share)):
            return
        left_out = sum(n for why, n in self._missed.get("lab", Counter()).items() if why.startswith(LEFT_OUT))
        if left_out and not self._share:
            self._failure = f"{left_out} tests of the lab were left out of a run that CI takes for whole"
        elif not self._ran["lab"] and ("lab" not in self._missed or self._share):
            self._failure = "no test of the lab was found, in a run that CI takes for whole"
        if self._failure and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """One line a tier: how many ran; and under it how many did not, by reason."""
        terminalreporter.section("tiers")
        for tier, name in NAMES.items():
            ran, missed = self._ran[tier], self._missed.get(tier, Counter())
            terminalreporter.write_line(f"{name}: {ran} ran, {missed.total()} did not")
            for reason, number in missed.most_common():
                terminalreporter.write_line(f"    {number} not run: {reason}")
        if self._failure:
            terminalreporter.write_line(f"FAILED: {self._failure}", red=True)

    def _miss(self, tier: str, reason: str) -> None:
        self._missed.setdefault(tier, Counter())[reason] += 1


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why a report is a skip, in the words of whoever skipped."""
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")
