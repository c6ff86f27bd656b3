"""Questions side by side: none waits for a slow one, none is lost, errors are answers."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.fanout import side_by_side


def test_a_hanging_question_does_not_delay_the_others() -> None:
    release = threading.Event()

    def ask(number: int) -> int:
        if number == 0:
            release.wait()
        return number * 2

    answers = side_by_side(range(5), ask)
    first = {next(answers) for _ in range(4)}
    assert first == {(1, 2), (2, 4), (3, 6), (4, 8)}
    release.set()
    assert next(answers) == (0, 0)


def test_an_error_is_an_answer() -> None:
    def ask(number: int) -> int:
        return 10 // number

    answers = dict(side_by_side((0, 2), ask))
    assert isinstance(answers[0], ZeroDivisionError)
    assert answers[2] == 5
    assert isinstance(dict(side_by_side((0,), ask))[0], ZeroDivisionError)


def test_no_more_than_the_limit_at_once() -> None:
    lock = threading.Lock()
    running = most = 0
    together = threading.Barrier(3)

    def ask(_number: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait()
        with lock:
            running -= 1

    assert len(list(side_by_side(range(9), ask, limit=3))) == 9
    assert most == 3


def test_a_closed_one_begins_no_further_question() -> None:
    begun: list[int] = []
    go_on = threading.Event()

    def ask(number: int) -> int:
        begun.append(number)
        if number > 0:
            go_on.wait()
        return number

    answers = side_by_side(range(20), ask, limit=2)
    assert next(answers) == (0, 0)
    answers.close()  # type: ignore[attr-defined]
    go_on.set()
    for thread in threading.enumerate():
        if thread.name.startswith("ask-"):
            thread.join()
    assert len(begun) <= 3


@given(st.lists(st.integers(), max_size=30), st.integers(1, 8))
def test_every_question_is_answered_once(items: list[int], limit: int) -> None:
    answers = list(side_by_side(items, str, limit))
    assert sorted(answers) == sorted((item, str(item)) for item in items)
