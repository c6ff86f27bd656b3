"""What the sender remembers: back-off under clocks that step, and files that cannot be read."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_collector_client.poison import MOST, Poison, PoisonFile
from opensvc_collector_client.private_files import is_locked, try_lock, write_private
from opensvc_collector_client.records import Call
from opensvc_collector_client.state import FIRST_PAUSE, LONGEST_PAUSE, Pause, State

TIMES = st.floats(-1e6, 1e10)
CHANCES = st.floats(0, 1)


def failed(times: int, chance: float = 1.0, now: float = 1000.0, monotonic: float = 50.0, boot: str = "b1") -> Pause:
    pause = Pause()
    for _ in range(times):
        pause.fail(now, monotonic, boot, lambda: chance)
    return pause


@given(st.integers(1, 80), CHANCES)
def test_each_failure_waits_longer_and_none_for_ever(times: int, chance: float) -> None:
    whole = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (times - 1))
    assert whole / 2 <= failed(times, chance).left(1000, 50, "b1") <= whole


@given(st.integers(1, 9), TIMES, st.floats(0, 1e5))
def test_within_a_boot_no_step_of_the_clock_matters(times: int, now: float, passed: float) -> None:
    pause = failed(times)
    assert pause.left(now, 50 + passed, "b1") == pytest.approx(max(0.0, pause.seconds - passed), abs=1e-6)


@given(st.integers(1, 9), TIMES, TIMES, st.sampled_from(["", "b2"]))
def test_beyond_a_boot_nothing_is_waited_longer_than_was_meant(
    times: int, now: float, monotonic: float, boot: str
) -> None:
    pause = failed(times)
    left = pause.left(now, monotonic, boot)
    assert 0 <= left <= pause.seconds
    if now < 1000 or now >= 1000 + pause.seconds:
        assert left == 0


def test_what_works_ends_the_waiting() -> None:
    pause = failed(3)
    pause.end()
    assert pause.left(1000, 50, "b1") == 0


def test_a_state_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "collector" / "state.json"
    state = State(pause=failed(2), error="e", ahead={"end": [3]}, missing={"m": 1})
    state.write(path)
    assert State.read(path) == state
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == ["state.json"]


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", "{}", '{"pause": 3, "refusals": {}}', '{"pause": {"x": 1}, "refusals": {}}',
        '{"pause": {}, "refusals": {}, "ahead": 3}', '{"pause": {"failures": "x"}, "refusals": {}}',
    ],
)  # fmt: skip
def test_a_state_that_cannot_be_read_is_a_new_one(text: str, tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(text)
    assert State.read(path) == State()


def test_words_of_a_later_version_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    State(error="e").write(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), "later": 1}))
    assert State.read(path) == State(error="e")


def poison(seq: int, size: int = 1) -> Poison:
    return Poison("end", "svc", "r", seq, 1.0, "refused", (Call("end_action", (["a"], ["x" * size])),))


def test_what_is_set_aside_is_kept_within_bounds(tmp_path: Path) -> None:
    file = PoisonFile(tmp_path / "poison.json")
    assert file.read() == []
    assert file.add(poison(1)) == 0
    assert file.read() == [poison(1)]
    assert file.write([poison(seq) for seq in range(MOST + 2)]) == 2
    assert [each.seq for each in file.read()] == list(range(2, MOST + 2))
    assert file.write([poison(1), poison(2, 9_000_000), poison(3)]) == 2
    assert [each.seq for each in file.read()] == [3]


def test_a_line_that_cannot_be_read_spoils_no_other(tmp_path: Path) -> None:
    file = PoisonFile(tmp_path / "poison.json")
    file.write([poison(1), poison(2)])
    lines = file.path.read_text().splitlines()
    file.path.write_text("\n".join([lines[0][:-9], "{}", "[]", lines[1]]))
    assert file.read() == [poison(2)]


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_private(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_private(path, "\ud800")
    assert path.read_text() == "old"


def test_a_lock_is_held_by_one_alone_and_seen_by_who_looks(tmp_path: Path) -> None:
    path = tmp_path / "collector" / "lock"
    assert not is_locked(path)
    lock = try_lock(path)
    assert lock is not None
    assert is_locked(path)
    assert try_lock(path) is None
    lock.release()
    assert not is_locked(path)
