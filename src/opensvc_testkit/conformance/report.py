"""What the end of a test run says of each driver: how many checks it passed, and from which its author exempts it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import asdict, frozen

if TYPE_CHECKING:
    import pytest

PROPERTY = "opensvc_driver"
"""Name of the property of a test's report that says which driver it is about."""


@frozen
class Declared:
    """What an author says of a driver, with reasons.

    Attributes:
        driver: its id.
        exempt: checks.
        auxiliary: tools that a status can do without.
        lines_stand_alone: tools whose answer shows no end.
    """

    driver: str
    exempt: Mapping[str, str]
    auxiliary: Mapping[str, str]
    lines_stand_alone: Mapping[str, str]


def declare(item: Any, declared: Declared) -> None:
    """Write into the report of a test what it is about."""
    item.user_properties.append((PROPERTY, {name: _plain(value) for name, value in asdict(declared).items()}))


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def write_report(reporter: pytest.TerminalReporter) -> None:
    """One line a driver, and one for each thing that its author exempts; nothing where no driver was tested."""
    counts: dict[str, dict[str, int]] = {}
    said: dict[str, dict[str, Any]] = {}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in reporter.stats.get(outcome, ()):
            for name, value in getattr(report, "user_properties", ()):
                if name == PROPERTY:
                    counted = counts.setdefault(value["driver"], dict.fromkeys(("passed", "failed", "skipped"), 0))
                    counted["failed" if outcome == "error" else outcome] += 1
                    said[value["driver"]] = value
    if not counts:
        return
    reporter.section("conformance of drivers")
    for driver, counted in sorted(counts.items()):
        exempt = said[driver]["exempt"]
        untried = counted["skipped"] - len(exempt)
        words = [f"{counted['passed']} passed", f"{counted['failed']} failed", f"{len(exempt)} exempt"]
        words += [f"{untried} not tried"] if untried > 0 else []
        reporter.write_line(f"{driver}: {', '.join(words)}")
        for check, reason in sorted(exempt.items()):
            reporter.write_line(f"    exempt: {check}: {reason}")
        for tool, reason in sorted(said[driver]["auxiliary"].items()):
            reporter.write_line(f"    a status may do without {tool}: {reason}")
        for tool, reason in sorted(said[driver]["lines_stand_alone"].items()):
            reporter.write_line(f"    a list of {tool} shows no end: {reason}")
