"""A figure that misses its limit is told, and ends the benchmarks with 1."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import benchmarks.__main__ as command
from benchmarks.figures import Figure, table
from benchmarks.measure import Rounds, in_turn


def figure(value: float, *, is_at_least: bool = False) -> Figure:
    return Figure("osvc --help", value, 10.0, "x", "made up", is_at_least)


@pytest.mark.parametrize(
    ("value", "is_at_least", "is_met"),
    [(9.9, False, True), (10.0, False, True), (10.1, False, False), (9.9, True, False), (10.1, True, True)],
)
def test_a_limit_is_the_most_or_the_least(value: float, is_at_least: bool, is_met: bool) -> None:
    assert figure(value, is_at_least=is_at_least).is_met is is_met


def test_the_table_names_what_misses() -> None:
    lines = table([figure(1), figure(11)]).splitlines()
    assert ["pass" in line for line in lines] == [False, True, False]
    assert ["MISS" in line for line in lines] == [False, False, True]
    assert "11 x" in lines[2]
    assert "≤ 10 x" in lines[2]


@pytest.mark.parametrize(("value", "status"), [(1, 0), (11, 1)])
def test_the_exit_status_says_whether_all_is_met(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: float, status: int
) -> None:
    def measured() -> Iterator[Figure]:
        yield figure(5)
        yield figure(value)

    monkeypatch.setattr(command, "start_up", measured)
    monkeypatch.setattr("sys.argv", ["benchmarks", "start-up"])
    assert command.main() == status
    assert "osvc --help" in capsys.readouterr().out


def test_an_unknown_benchmark_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks", "speed"])
    with pytest.raises(SystemExit, match="2"):
        command.main()


def test_things_are_done_in_turn_after_one_round_to_warm_up() -> None:
    done: list[str] = []
    things = {"a": lambda: done.append("a"), "b": lambda: done.append("b")}
    took = in_turn(things, rounds=2, clear=lambda: done.append("clear"))
    assert done == ["a", "clear", "b", "clear"] * 3
    assert [set(times) for times in took.rounds] == [{"a", "b"}] * 2


def test_a_ratio_is_the_median_of_neighbours_in_time_so_that_a_busy_while_does_not_count() -> None:
    took = Rounds(({"a": 2.0, "b": 1.0}, {"a": 20.0, "b": 10.0}, {"a": 2.0, "b": 1.0}, {"a": 4.0, "b": 1.0}))
    assert took.median_of(lambda times: times["a"] / times["b"]) == 2.0
    assert took.median("a") == 3.0
