"""What a collector is told of actions, held against the recording collector's own tables."""

from __future__ import annotations

from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from opensvc_collector_client.payloads.actions import begin_action, end_action, step_log, step_status, worst
from opensvc_collector_client.records import Call
from opensvc_core.api import Change, CommandRecord, Note, RunRecord, Severity, StepRecord
from opensvc_testkit.collector.checking import check_call

NAMES = st.from_regex(r"[a-z][a-z0-9.#-]{0,20}", fullmatch=True)
TIMES = st.floats(1e6, 4e9)
NOTES = st.builds(Note, st.text(), severity=st.sampled_from(Severity))
STATES = ["done", "unchanged", "failed", "timeout", "cancelled", "skipped", "kept", "running"]


@st.composite
def runs(draw: st.DrawFn) -> RunRecord:
    steps = draw(
        st.lists(
            st.builds(
                StepRecord,
                st.just("s1"),
                NAMES,
                st.sampled_from(["start", "stop"]),
                st.booleans(),
                st.sampled_from(STATES),
                began=st.one_of(st.just(0.0), TIMES),
                ended=st.one_of(st.just(0.0), TIMES),
                text=st.text(),
                notes=st.lists(NOTES, max_size=2).map(tuple),
            ),
            max_size=4,
            unique_by=lambda step: (step.rid, step.action, step.is_way_back),
        )
    )
    began, ended = draw(TIMES), draw(st.one_of(st.just(0.0), TIMES))
    return RunRecord(
        "r1",
        "s1",
        "start",
        "root",
        draw(st.integers(1, 1 << 22)),
        "n1",
        "",
        "",
        (),
        "",
        began,
        ended,
        steps=tuple(steps),
    )


def fields(call: Call) -> list[dict[str, Any]]:
    names, values = call.arguments
    rows = values if values and isinstance(values[0], list) else [values]
    return [dict(zip(names, row, strict=True)) for row in rows]


def hold_against_tables(*calls: Call) -> None:
    for call in calls:
        assert check_call(call.method, call.arguments).violations == ()


@given(st.one_of(st.none(), runs()), st.sampled_from(["done", "failed", "unknown", "interrupted"]), TIMES)
def test_every_action_is_told_as_the_tables_say(run: RunRecord | None, outcome: str, at: float) -> None:
    begin = begin_action(Change(1, "begin", "s1", at, "r1"), run, "n1", "0.1")
    end = end_action(Change(2, "end", "s1", at, "r1", {"outcome": outcome}), run, "n1")
    hold_against_tables(begin, *end)
    (first,), (last,) = fields(begin), fields(end[-1])
    if run is not None:
        assert first["begin"] == last["begin"]
    assert first["action_id"] == last["action_id"] == "r1/s1"
    assert (last["status"] == "err") or outcome == "done"
    rows = fields(end[0]) if len(end) == 2 else []
    assert len(rows) == (len(run.steps) if run else 0)
    assert len({row["action_id"] for row in rows}) == len(rows)


def test_what_another_node_did_is_told_by_that_node() -> None:
    def step(rid: str, action: str, *, is_elsewhere: bool) -> StepRecord:
        return StepRecord("s1", rid, action, False, "done", began=1e9, node="n2", is_elsewhere=is_elsewhere)

    steps = (
        step("app", "stop", is_elsewhere=True),
        step("app", "start", is_elsewhere=False),
        step("sync#1", "sync", is_elsewhere=True),
    )
    run = RunRecord("r1", "s1", "switch", "root", 1, "n1", "", "", (), "", 1e9, steps=steps)
    change = Change(2, "end", "s1", 1e9, "r1", {"outcome": "done"})
    lines, _ = end_action(change, run, "n1")
    assert [row["action"] for row in fields(lines)] == ["app start", "sync#1 sync"]
    (alone,) = end_action(change, evolve(run, steps=steps[:1]), "n1")
    assert alone.method == "end_action"


@given(st.lists(st.sampled_from(["ok", "warn", "err"])))
def test_the_worst_status_stands(statuses: list[str]) -> None:
    assert worst(statuses) == next((each for each in ("err", "warn") if each in statuses), "ok")


def test_how_a_step_ended_is_its_status() -> None:
    def of(state: str, *notes: Note) -> str:
        return step_status(StepRecord("s1", "ip#0", "start", False, state, notes=notes))

    assert of("done") == of("unchanged") == "ok"
    assert of("skipped") == of("cancelled") == "warn"
    assert of("failed") == of("timeout") == of("running") == "err"
    assert of("done", Note("x", severity=Severity.WARNING)) == "warn"
    assert of("unchanged", Note("x", severity=Severity.ERROR)) == "err"


def command(*argv: str, changes: bool = True, rc: int | None = 0, stdout: str = "") -> CommandRecord:
    return CommandRecord("c", "s1", "app", "", argv, changes, 10.0, 1.0, rc=rc, stdout=stdout)


def test_a_log_has_what_was_changed_and_what_failed_and_no_secret() -> None:
    step = StepRecord("s1", "app", "start", False, "failed", text="launcher failed", notes=(Note("look"),))
    log = step_log(
        step,
        [
            command("query", "this", changes=False, stdout="a detail"),
            command("ask", changes=False, rc=3, stdout="no such thing"),
            command("run", "--password=abc123", "a b", stdout="done\n\nwell"),
        ],
    )
    assert log.splitlines() == [
        "failed: launcher failed",
        "info: look",
        "ask: exit status 3",
        "no such thing",
        "run --password=xxxxxx 'a b': exit status 0",
        "done",
        "well",
    ]


@given(st.text(), st.integers(1, 20_000))
def test_a_long_log_is_trimmed(text: str, times: int) -> None:
    text = text[:20] * times
    assert len(step_log(StepRecord("s1", "app", "start", False, "done", text=text))) < 10_100
