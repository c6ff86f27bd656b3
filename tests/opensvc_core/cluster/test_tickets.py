"""Tickets of the gate: once, soon, and only for whom and what they were made."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from opensvc_core.cluster.tickets import TicketRefused, issue, redeem, ticket_folder
from opensvc_core.node import Folders

FACTS = {"paths": ["/srv/web"], "is_sender": False}


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def test_a_ticket_is_good_once(folders: Folders) -> None:
    ticket = issue(folders, "n1", "receive", FACTS, 60)
    assert redeem(folders, "n1", ticket, "receive") == FACTS
    with pytest.raises(TicketRefused):
        redeem(folders, "n1", ticket, "receive")
    assert list(ticket_folder(folders).iterdir()) == []


@pytest.mark.parametrize(("peer", "purpose"), [("n2", "receive"), ("n1", "channel"), ("N1", "receive")])
def test_a_ticket_is_for_one_peer_and_one_purpose_and_gone_when_shown(
    folders: Folders, peer: str, purpose: str
) -> None:
    ticket = issue(folders, "n1", "receive", FACTS, 60)
    with pytest.raises(TicketRefused):
        redeem(folders, peer, ticket, purpose)
    with pytest.raises(TicketRefused):
        redeem(folders, "n1", ticket, "receive")


def test_a_ticket_that_is_too_old_is_none_and_is_swept_away(folders: Folders) -> None:
    late = issue(folders, "n1", "receive", FACTS, -1)
    with pytest.raises(TicketRefused):
        redeem(folders, "n1", late, "receive")
    forgotten = issue(folders, "n1", "receive", FACTS, -1)
    issue(folders, "n1", "receive", FACTS, 60)
    assert forgotten not in {path.name for path in ticket_folder(folders).iterdir()}


@pytest.mark.parametrize("word", ["", "..", "../lock/svc", "a" * 31, "A" * 32, "g" * 32, "0" * 33, "0" * 31 + "\n"])
def test_what_is_no_ticket_opens_no_file(folders: Folders, word: str) -> None:
    issue(folders, "n1", "receive", FACTS, 60)
    with pytest.raises(TicketRefused):
        redeem(folders, "n1", word, "receive")


def test_of_many_that_show_one_ticket_at_once_one_passes(folders: Folders) -> None:
    ticket = issue(folders, "n1", "receive", FACTS, 60)
    passed: list[object] = []

    def show() -> None:
        try:
            passed.append(redeem(folders, "n1", ticket, "receive"))
        except TicketRefused:
            return

    threads = [threading.Thread(target=show) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed == [FACTS]


def test_tickets_are_their_owners_alone(folders: Folders) -> None:
    ticket = issue(folders, "n1", "receive", FACTS, 60)
    path = ticket_folder(folders) / ticket
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    path.write_text(json.dumps({"peer": "n1"}))
    with pytest.raises(TicketRefused):
        redeem(folders, "n1", ticket, "receive")
