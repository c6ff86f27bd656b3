"""Signals cancel a run once, and are heard however often they come."""

from __future__ import annotations

import os
import queue
import signal

import pytest

from opensvc_core.cli.signals import cancelling
from opensvc_core.clock import Cancel

PATIENCE = 20.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_cancels_and_the_second_says_that_it_is_under_way(number: signal.Signals) -> None:
    cancel, said = Cancel(), queue.SimpleQueue[str]()
    # Whoever runs the tests may ignore it (nohup), and an ignored one stays ignored.
    outside = signal.signal(number, signal.default_int_handler)
    before = signal.getsignal(number)
    try:
        with cancelling(cancel, said.put):
            os.kill(os.getpid(), number)
            first = said.get(timeout=PATIENCE)
            assert cancel.is_set
            os.kill(os.getpid(), number)
            second = said.get(timeout=PATIENCE)
        after = signal.getsignal(number)
    finally:
        signal.signal(number, outside)
    assert cancel.reason == number.name
    assert first.startswith(f"cancelling ({number.name})")
    assert second.startswith("still taking back")
    assert after is before


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        cancel = Cancel()
        with cancelling(cancel, lambda line: None):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


def test_handlers_come_back_even_when_the_run_raises() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(ValueError, match="no"), cancelling(Cancel(), lambda line: None):
        raise ValueError("no")
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_reaches_a_run_that_waits(tmp_path: object) -> None:
    cancel = Cancel()
    with cancelling(cancel, lambda line: None):
        os.kill(os.getpid(), signal.SIGTERM)
        assert cancel.event.wait(PATIENCE)
