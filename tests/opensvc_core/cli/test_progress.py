"""The live view's state: rows follow events, and what matters most stays on a small screen."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.cli.plain import event_line, event_text
from opensvc_core.cli.progress import Progress, StepRow, visible
from opensvc_core.cli.render import to_text
from opensvc_core.cli.render.live import STATE_STYLES, progress_view
from opensvc_core.events import Event, EventKind
from opensvc_core.run import StepState
from tests.opensvc_core.cli.reports import plan

CONTAINER = "start vm188/container#0"


def event(kind: EventKind, step: str = "", text: str = "", at: float = 100.0, **data: Any) -> Event:
    return Event(kind, at, "run1", "vm188", "", step, text, data)


def row_of(progress: Progress, step: str, *, is_way_back: bool = False) -> StepRow:
    return next(row for row in progress.snapshot() if (row.id, row.is_way_back) == (step, is_way_back))


def test_every_step_of_the_plan_is_there_from_the_start() -> None:
    made = plan()
    progress = Progress.of(made)
    assert [row.id for row in progress.snapshot()] == [step.id for step in made.steps]
    assert {row.state for row in progress.snapshot()} == {"pending"}


def test_a_step_runs_its_command_and_ends() -> None:
    progress = Progress.of(plan())
    progress.on_event(event(EventKind.STEP_BEGIN, CONTAINER, way_back=False))
    progress.on_event(event(EventKind.COMMAND_BEGIN, CONTAINER, argv=["virsh", "start", "a b"]))
    assert row_of(progress, CONTAINER).text == "virsh start 'a b'"
    progress.on_event(event(EventKind.NOTE, CONTAINER, "no agent", severity="warning"))
    progress.on_event(event(EventKind.STEP_END, CONTAINER, "up", state="done", seconds=2.5, way_back=False))
    row = row_of(progress, CONTAINER)
    assert (row.state, row.seconds, row.text, row.notes) == ("done", 2.5, "up", ("no agent",))


def test_the_way_back_of_a_restart_is_not_its_first_stop() -> None:
    progress = Progress.of(plan("restart"))
    stop = "stop vm188/container#0"
    progress.on_event(event(EventKind.STEP_END, stop, state="done", seconds=1.0, way_back=False))
    progress.on_event(event(EventKind.ROLLBACK_BEGIN, steps=[stop]))
    assert row_of(progress, stop).state == "done"
    assert row_of(progress, stop, is_way_back=True).state == "pending"
    progress.on_event(event(EventKind.STEP_BEGIN, stop, way_back=True))
    progress.on_event(event(EventKind.COMMAND_BEGIN, stop, argv=["virsh", "destroy", "vm188"]))
    assert row_of(progress, stop, is_way_back=True).text == "virsh destroy vm188"
    assert row_of(progress, stop).text != "virsh destroy vm188"


def test_steps_that_no_plan_named_are_shown_too() -> None:
    progress = Progress("recover")
    progress.on_event(event(EventKind.STEP_BEGIN, CONTAINER, way_back=False))
    assert row_of(progress, CONTAINER).state == "running"


def test_what_never_began_is_shown_with_its_reason_and_without_a_time() -> None:
    progress = Progress.of(plan())
    skipped = event(EventKind.STEP_END, CONTAINER, "no licence", state="skipped", seconds=0.0, way_back=False)
    progress.on_event(skipped)
    row = row_of(progress, CONTAINER)
    assert (row.state, row.text, row.has_ended) == ("skipped", "no licence", True)
    view = to_text(progress_view(progress, now=103.5, began=99.0, limit=50), width=80)
    line = next(line for line in view.splitlines() if CONTAINER in line)
    assert line.split()[2:] == ["skipped", "no", "licence"]
    assert event_text(skipped) == f"{CONTAINER}: skipped: no licence"


ROWS = st.lists(
    st.builds(StepRow, st.text(max_size=8), state=st.sampled_from([s.value for s in StepState])), max_size=40
)


@given(rows=ROWS, limit=st.integers(1, 12))
def test_a_small_screen_shows_what_runs_first_and_counts_the_rest(rows: list[StepRow], limit: int) -> None:
    shown, hidden = visible(rows, limit)
    assert len(shown) + sum(hidden.values()) == len(rows)
    assert len(shown) <= max(limit, 0) or not hidden
    running = [row for row in rows if row.state == "running"]
    assert sum(row.state == "running" for row in shown) == min(len(running), len(shown))
    positions = [next(i for i, row in enumerate(rows) if row is each) for each in shown]
    assert positions == sorted(positions) or len({id(row) for row in rows}) < len(rows)


def test_the_view_fits_80_columns_and_shows_time_and_command() -> None:
    progress = Progress.of(plan())
    progress.on_event(event(EventKind.STEP_BEGIN, CONTAINER, at=100.0, way_back=False))
    progress.on_event(event(EventKind.COMMAND_BEGIN, CONTAINER, argv=["virsh", "start", "x" * 100]))
    text = to_text(progress_view(progress, now=103.5, began=99.0, limit=50), width=80)
    assert max(map(len, text.splitlines())) <= 80
    assert text.startswith("start vm188  0 of 4 steps  4.5 s")
    line = next(line for line in text.splitlines() if CONTAINER in line)
    assert line.split()[2:6] == ["running", "3.5", "s", "virsh"]


def test_every_state_has_a_style() -> None:
    assert set(STATE_STYLES) == {state.value for state in StepState}


def test_each_kind_of_event_has_its_line_but_for_the_end_of_a_command() -> None:
    for kind in EventKind:
        told = event_text(event(kind, CONTAINER, "what", argv=["virsh"], state="done", seconds=1))
        assert bool(told) is (kind is not EventKind.COMMAND_END), kind


def test_a_line_is_one_line() -> None:
    assert "\n" not in event_line(event(EventKind.NOTE, CONTAINER, "two\nlines", severity="warning"))
