"""Generations: order by descent, two histories, what is kept on disk, and what a damaged file says."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.generation import (
    KEPT_MARKS,
    NEVER,
    DataCopy,
    Generation,
    GenerationError,
    Order,
    begin_receiving,
    compare,
    data_file,
    digest_of,
    discard_config,
    discard_data,
    end_receiving,
    generation_in,
    generation_out,
    keep_config,
    raise_data,
    read_config,
    read_data,
    shared,
)
from opensvc_core.node import Folders

OPPOSITE = {
    Order.SAME: Order.SAME,
    Order.AHEAD: Order.BEHIND,
    Order.BEHIND: Order.AHEAD,
    Order.DIVERGED: Order.DIVERGED,
}


def history(*marks: str) -> Generation:
    """A history of marks such as ``a@n1``."""
    generation = NEVER
    for mark in marks:
        mark_id, _, node = mark.partition("@")
        generation = generation.next(node or "n1", mark_id)
    return generation


@st.composite
def forks(draw: st.DrawFn) -> tuple[Generation, Generation, Order]:
    """Two histories that share a beginning, and where the first stands to the second."""
    common = [f"c{number}" for number in range(draw(st.integers(0, 4)))]
    mine = [f"m{number}" for number in range(draw(st.integers(0, 4)))]
    other = [f"o{number}" for number in range(draw(st.integers(0, 4)))]
    first, second = history(*common, *mine), history(*common, *other)
    if not mine and not other:
        order = Order.SAME
    elif not other:
        order = Order.AHEAD
    elif not mine:
        order = Order.BEHIND
    else:
        # Who never wrote anything has no history of its own, however the other got its.
        order = Order.DIVERGED
    return first, second, order


@given(forks())
def test_order_is_that_of_descent(fork: tuple[Generation, Generation, Order]) -> None:
    first, second, order = fork
    assert compare(first, second) is order
    assert compare(second, first) is OPPOSITE[order]


def test_the_same_number_of_two_starts_is_no_order() -> None:
    assert compare(history("a", "b@n1"), history("a", "b2@n2")) is Order.DIVERGED


def test_a_higher_number_of_another_history_is_no_order() -> None:
    assert compare(history("a", "x", "y", "z"), history("a", "b")) is Order.DIVERGED


def test_what_is_older_than_all_that_is_kept_is_older() -> None:
    first = history("a")
    late = history("a", *(f"m{number}" for number in range(KEPT_MARKS + 5)))
    assert len(late.marks) == KEPT_MARKS
    assert compare(late, first) is Order.AHEAD
    assert compare(first, late) is Order.BEHIND


def test_nodes_that_share_disks_go_on_from_what_each_other_began() -> None:
    mine, of_the_peer = history("a@n1", "b@n1"), history("a@n1", "c@n2")
    assert shared([of_the_peer], {"n1", "n2"}) == (of_the_peer,)
    after = mine.next("n1", "d", [of_the_peer])
    assert compare(after, mine) is compare(after, of_the_peer) is Order.AHEAD
    assert after.number == 3


def test_a_disaster_recovery_node_tells_what_production_began_but_not_its_own() -> None:
    told, its_own = history("a@n1", "b@n2"), history("a@n1", "d@vm5")
    assert shared([told, its_own], {"n1", "n2"}) == (told,)


@given(forks())
def test_documents_come_back(fork: tuple[Generation, Generation, Order]) -> None:
    assert generation_in(json.loads(json.dumps(generation_out(fork[0])))) == fork[0]


@pytest.mark.parametrize(
    "document",
    [
        None,
        5,
        [[1]],
        [[0, "a", "n1"]],
        [["1", "a", "n1"]],
        [[True, "a", "n1"]],
        [[1, "", "n1"]],
        [[1, "a", None]],
        [[1, "a", "n1"], [1, "b", "n1"]],
        [[2, "a", "n1"], [1, "b", "n1"]],
    ],
)
def test_what_is_no_generation_is_refused(document: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        generation_in(document)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def test_a_node_that_never_had_a_copy_has_none(folders: Folders) -> None:
    assert read_data(folders, "web") == DataCopy(NEVER)


def test_each_start_is_a_generation_and_one_run_is_one(folders: Folders) -> None:
    first = raise_data(folders, "web", node="n1", mark_id="run1")
    assert raise_data(folders, "web", node="n1", mark_id="run1") == first
    second = raise_data(folders, "web", node="n1", mark_id="run2")
    assert (first.number, second.number) == (1, 2)
    assert read_data(folders, "web").generation == second
    assert json.loads(data_file(folders, "web").read_text())["generation"] == 2


def test_a_start_on_shared_disks_goes_on_from_what_a_peer_began(folders: Folders) -> None:
    raise_data(folders, "web", node="n1", mark_id="old")
    peer = history("old@n1", "b@n2", "c@n2")
    raised = raise_data(folders, "web", node="n1", mark_id="new", others=[peer], sharers={"n1", "n2"})
    assert compare(raised, peer) is Order.AHEAD
    alone = raise_data(Folders(folders.root / "other"), "web", node="n1", mark_id="new", others=[peer], sharers={"n1"})
    assert compare(alone, peer) is Order.DIVERGED


def test_the_generation_travels_with_the_data(folders: Folders) -> None:
    sent = history("a@n1", "b@n1")
    begin_receiving(folders, "web", ["sync#1", "sync#2"], "n1")
    assert read_data(folders, "web") == DataCopy(NEVER, {"sync#1": "n1", "sync#2": "n1"})
    end_receiving(folders, "web", "sync#1", sent)
    assert read_data(folders, "web") == DataCopy(sent, {"sync#2": "n1"})
    end_receiving(folders, "web", "sync#2", sent)
    assert read_data(folders, "web").incomplete == {}


def test_what_comes_late_takes_nothing_back(folders: Folders) -> None:
    newer = history("a", "b")
    end_receiving(folders, "web", "sync#1", newer)
    end_receiving(folders, "web", "sync#2", history("a"))
    assert read_data(folders, "web").generation == newer


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"marks": 3, "incomplete": {}}', '{"marks": [], "incomplete": 4}']
)
def test_a_damaged_file_cannot_tell(folders: Folders, text: str) -> None:
    raise_data(folders, "web", node="n1", mark_id="run1")
    data_file(folders, "web").write_text(text)
    with pytest.raises(GenerationError):
        read_data(folders, "web")
    with pytest.raises(GenerationError):
        raise_data(folders, "web", node="n1", mark_id="run2")
    assert data_file(folders, "web").read_text() == text
    discard_data(folders, "web")
    assert read_data(folders, "web").generation == NEVER


def test_many_at_once_lose_nothing(folders: Folders) -> None:
    rids = [f"sync#{number}" for number in range(12)]
    threads = [threading.Thread(target=begin_receiving, args=(folders, "web", [rid], "n1")) for rid in rids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(read_data(folders, "web").incomplete) == set(rids)


def test_an_edit_is_a_generation_of_the_file(folders: Folders) -> None:
    first = read_config(folders, "web", b"one", "n1")
    assert (first.number, first.id) == (1, digest_of(b"one"))
    keep_config(folders, "web", first)
    assert read_config(folders, "web", b"one", "n1") == first
    second = read_config(folders, "web", b"two", "n1")
    assert compare(second, first) is Order.AHEAD


def test_the_same_text_is_the_same_wherever_it_was_written(folders: Folders) -> None:
    elsewhere = Folders(folders.root / "n2")
    keep_config(elsewhere, "web", read_config(elsewhere, "web", b"one", "n2"))
    mine = read_config(folders, "web", b"two", "n1")
    edited = read_config(elsewhere, "web", b"two", "n2")
    assert compare(mine, edited) is Order.SAME
    assert compare(mine, read_config(elsewhere, "web", b"one", "n2")) is Order.DIVERGED


def test_a_file_that_was_given_up_is_older_than_any_until_it_is_edited(folders: Folders) -> None:
    keep_config(folders, "web", read_config(folders, "web", b"one", "n1"))
    other = history("z@n2")
    discard_config(folders, "web", b"one")
    assert compare(other, read_config(folders, "web", b"one", "n1")) is Order.AHEAD
    assert compare(other, read_config(folders, "web", b"two", "n1")) is Order.DIVERGED
