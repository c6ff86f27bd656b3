"""What each of libvirt's states means for a service."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from opensvc_core.api import Status
from opensvc_drivers_kvm.states import PASSING_PAUSES, PAUSED_REASONS, DomainState, guest_state

PAGE = Path(__file__).parents[2] / "docs/reference/kvm.md"


@pytest.mark.parametrize(
    ("state", "status", "word"),
    [
        (0, Status.UNDEF, "state 0"),
        (1, Status.UP, ""),
        (2, Status.UP, "idle"),
        (3, Status.WARN, "virsh resume vm1"),
        (4, Status.WARN, "in shutdown"),
        (5, Status.DOWN, ""),
        (6, Status.WARN, "crashed"),
        (7, Status.WARN, "virsh dompmwakeup vm1"),
        (8, Status.UNDEF, "state 8"),
        (99, Status.UNDEF, "state 99"),
    ],
)
def test_states(state: int, status: Status, word: str) -> None:
    found = guest_state(DomainState(state), "vm1")
    assert found.status is status
    assert word in " ".join(note.text for note in found.notes)


@pytest.mark.parametrize("reason", range(20))
def test_a_paused_guest_is_never_up_or_down_whatever_the_reason(reason: int) -> None:
    found = guest_state(DomainState(3, reason), "vm1")
    assert found.status is Status.WARN
    assert found.is_passing is (reason in PASSING_PAUSES)
    assert PAUSED_REASONS.get(reason, f"reason {reason}") in found.reason


@pytest.mark.parametrize("reason", range(20))
def test_shut_off_is_down_whatever_the_reason(reason: int) -> None:
    assert guest_state(DomainState(5, reason), "vm1").status is Status.DOWN


def test_only_a_guest_that_listens_is_asked_to_shut_down() -> None:
    listens = {state for state in range(8) if guest_state(DomainState(state), "vm1").obeys_soft_stop}
    assert {1, 2} <= listens
    assert listens.isdisjoint({3, 4, 6, 7})


def test_the_page_has_every_state() -> None:
    rows = dict(re.findall(r"^\| (\d) [^|]*\| `([^`]+)`", PAGE.read_text(), re.MULTILINE))
    assert rows == {str(state): guest_state(DomainState(state), "vm1").status.value for state in range(8)}
