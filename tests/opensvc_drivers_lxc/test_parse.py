"""The output of LXC's tools as captured from LXC 5.0.2 (`tests/fixtures/lxc`), cut, garbled and made up."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.api import Status
from opensvc_drivers_lxc.parse import Info, Row, is_unknown, parse_info, parse_listing, said, start_failure
from opensvc_drivers_lxc.states import guest_state

CAPTURED = Path(__file__).parents[1] / "fixtures" / "lxc"


def captured(name: str) -> str:
    """A captured text, empty where there was none."""
    path = CAPTURED / f"{name}.txt"
    return path.read_text() if path.exists() else ""


LISTING = captured("ls")


def test_the_list_of_every_state_that_lasts() -> None:
    listing = parse_listing(LISTING)
    assert listing.is_understood
    assert listing.rows == {
        "a b": Row("STOPPED", is_autostarted=False),
        "auto": Row("STOPPED", is_autostarted=True),
        "c1": Row("RUNNING", is_autostarted=False),
        "frozen": Row("FROZEN", is_autostarted=False),
        "off": Row("STOPPED", is_autostarted=False),
    }


def test_no_container_is_nothing_at_all() -> None:
    assert captured("ls-none") == ""
    assert parse_listing("").is_understood


def test_one_that_runs_with_a_bad_line_in_its_configuration_is_not_listed() -> None:
    listing = parse_listing(captured("ls-bad"))
    assert "c1" not in listing.rows
    assert "frozen" in listing.rows


@pytest.mark.parametrize(
    "text",
    [
        "Invalid key: STATE\n",
        "NAME STATE IPV4\n",
        f"{LISTING}something else\n",
        LISTING[:-1],
        LISTING.replace("RUNNING", "running"),
        "c1 c2\n",
    ],
    ids=["refused", "other columns", "a row of none", "cut", "lower case", "names alone"],
)
def test_what_is_not_a_whole_list_is_not_understood(text: str) -> None:
    assert not parse_listing(text).is_understood


def test_a_name_that_is_listed_twice_is_nobodys() -> None:
    assert parse_listing(LISTING + "c1     STOPPED 0         \n").rows["c1"] is None


def test_a_name_may_end_like_a_state() -> None:
    assert parse_listing(LISTING + "x STOPPED RUNNING 1 \n").rows["x STOPPED"] == Row("RUNNING", is_autostarted=True)


@given(st.integers(0, len(LISTING)))
def test_a_cut_gives_true_rows_or_none(at: int) -> None:
    whole = parse_listing(LISTING).rows
    assert all(whole.get(name) == row for name, row in parse_listing(LISTING[:at]).rows.items())


@given(st.text(alphabet=st.sampled_from(list("NAMESTOPD 01\nc")), max_size=120))
def test_garbage_raises_nothing(text: str) -> None:
    listing = parse_listing(text)
    assert isinstance(listing.is_understood, bool)


@pytest.mark.parametrize(
    ("name", "info"),
    [
        ("info-running", Info("RUNNING", is_autostarted=False)),
        ("info-frozen", Info("FROZEN", is_autostarted=False)),
        ("info-stopped", Info("STOPPED", is_autostarted=False)),
        ("info-auto", Info("STOPPED", is_autostarted=True)),
        ("info-unknown", Info()),
        ("info-bad", Info()),
    ],
)
def test_one_container(name: str, info: Info) -> None:
    assert parse_info(captured(name)) == info


def test_the_words_of_lxc_before_1_1_are_read_too() -> None:
    assert parse_info("state:   RUNNING\npid:        1234\n").state == "RUNNING"


@given(st.integers(0, len(captured("info-stopped")) - 1))
def test_a_state_that_was_cut_is_none(at: int) -> None:
    info = parse_info(captured("info-stopped")[:at])
    assert info.state in {"", "STOPPED"}
    if info.state:
        assert at > len("State:          STOPPED")


def test_two_states_are_none() -> None:
    assert parse_info("State: STOPPED\nState: RUNNING\n").state == ""


def test_an_unknown_container_is_told_in_one_way_only() -> None:
    text = captured("info-unknown.stderr")
    assert is_unknown(text, "nosuch")
    assert not is_unknown(text, "other")
    assert not is_unknown(captured("info-bad.stderr"), "c1")
    assert not is_unknown(f"something\n{text}", "nosuch")
    assert not is_unknown("", "nosuch")


@pytest.mark.parametrize(
    ("word", "status", "is_passing"),
    [
        ("RUNNING", Status.UP, False),
        ("STOPPED", Status.DOWN, False),
        ("FROZEN", Status.WARN, False),
        ("STARTING", Status.WARN, True),
        ("STOPPING", Status.WARN, True),
        ("ABORTING", Status.WARN, True),
        ("FREEZING", Status.WARN, True),
        ("THAWED", Status.WARN, True),
    ],
)
def test_states(word: str, status: Status, is_passing: bool) -> None:
    state = guest_state(word, "c1", "/var/lib/lxc")
    assert (state.status, state.is_passing) == (status, is_passing)
    assert state.obeys_soft_stop is (status in {Status.UP, Status.DOWN})


@given(st.text(max_size=12))
def test_a_word_that_is_not_known_is_undef(word: str) -> None:
    known = {"RUNNING", "STOPPED", "FROZEN", "STARTING", "STOPPING", "ABORTING", "FREEZING", "THAWED"}
    assert (guest_state(word, "c1", "/x").status is Status.UNDEF) is (word not in known)


BAD_LINE = (
    'Invalid argument - Unsupported config key "lxc.bogus"; '
    'Failed to parse config file "/var/lib/lxc/c1/config" at line "lxc.bogus = 1"'
)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("start-bad", BAD_LINE),
        ("start-rootfs", 'No such file or directory - Failed to open "/nonexist"'),
        ("start-init", 'No such file or directory - Failed to exec "/no/init"'),
        ("start-hook", 'Script exited with status 1; Failed to run lxc.hook.pre-start for container "c1"'),
    ],
)
def test_why_a_start_failed(name: str, reason: str) -> None:
    assert start_failure(captured(f"{name}.stderr"), captured(f"{name}.log")) == reason


def test_why_a_start_failed_without_a_log() -> None:
    assert start_failure(captured("start-unknown.stderr"), "") == "No container config specified"
    # Nothing but that it failed.
    assert "ABORTING" in start_failure(captured("start-init.stderr"), "")
    assert start_failure("", "") == ""


def test_what_a_tool_said() -> None:
    assert said(captured("stop-stopped.stderr")) == "off is not running"
    assert said(captured("info-bad.stderr")) == "Failed to load config for c1"
    assert said(captured("attach-stopped.stderr")).startswith("Connection refused - Failed to get init pid")
    assert said("", "out\n") == "out"
