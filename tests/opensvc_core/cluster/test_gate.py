"""The gate lets three commands through, and nothing that only looks like one of them; tickets are used once."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.cluster import tickets
from opensvc_core.cluster.gate import ChannelAsked, GateRefused, ReceiveAsked, SessionAsked, read_command
from opensvc_core.node import Folders

TICKET = "0123456789abcdef" * 2
RSYNC = "--server -logDtprze.iLsfxCIvu --stats --delete . "


def test_a_session_is_exactly_two_words() -> None:
    assert read_command("osvc peer") == SessionAsked()


@pytest.mark.parametrize("path", ["/srv/data", "/srv/with\\ blank\\;and\\ more", "/srv/été", "."])
def test_an_rsync_comes_with_a_ticket_and_its_words(path: str) -> None:
    asked = read_command(f"osvc peer receive {TICKET} {RSYNC}{path}")
    assert asked == ReceiveAsked(TICKET, (*RSYNC.split(), path))


def test_a_channel_comes_with_a_ticket_alone() -> None:
    assert read_command(f"osvc peer channel {TICKET}") == ChannelAsked(TICKET)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
near = st.builds(
    "".join,
    st.lists(
        st.sampled_from(
            [
                "osvc",
                "peer",
                " ",
                "receive",
                "channel",
                TICKET,
                TICKET[1:],
                "--server",
                ".",
                "/x",
                ";",
                "\n",
                "\0",
                "\\",
            ]
        ),
        max_size=12,
    ),
)


@given(texts | near)
def test_what_comes_through_is_made_of_plain_words(command: str) -> None:
    try:
        asked = read_command(command)
    except GateRefused:
        return
    # A shell would read the same words: nothing in it ends a command, opens a file or is replaced.
    words = shlex.split(command)
    assert words[:2] == ["osvc", "peer"]
    assert not set(command) & set("\0\n\r\t")
    assert command.isprintable()
    if isinstance(asked, ReceiveAsked):
        assert (words[2], words[3], words[4]) == ("receive", asked.ticket, "--server")
        assert len(words[4:]) == len(asked.words)
    elif isinstance(asked, ChannelAsked):
        assert words == ["osvc", "peer", "channel", asked.ticket]
    else:
        assert command == "osvc peer"


@given(st.sampled_from(["osvc peer", f"osvc peer channel {TICKET}", f"osvc peer receive {TICKET} {RSYNC}/srv"]), texts)
def test_nothing_may_stand_before_a_command(command: str, more: str) -> None:
    if more:
        with pytest.raises(GateRefused):
            read_command(more + command)


@given(texts)
def test_nothing_may_stand_behind_a_session_or_a_channel(more: str) -> None:
    for command in ("osvc peer", f"osvc peer channel {TICKET}"):
        if more:
            with pytest.raises(GateRefused):
                read_command(command + more)


def test_a_ticket_is_good_once_for_its_peer_and_its_purpose(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    good = tickets.issue(folders, "n1", "receive", {"paths": ["/srv"]}, 60)
    assert (folders.tickets / good).stat().st_mode & 0o777 == 0o600
    assert folders.tickets.stat().st_mode & 0o777 == 0o700
    assert tickets.redeem(folders, "n1", good, "receive") == {"paths": ["/srv"]}
    for peer, ticket, purpose in (
        ("n1", good, "receive"),
        ("n2", tickets.issue(folders, "n1", "receive", {}, 60), "receive"),
        ("n1", tickets.issue(folders, "n1", "receive", {}, 60), "channel"),
        ("n1", tickets.issue(folders, "n1", "receive", {}, -1), "receive"),
        ("n1", "../../etc/passwd", "receive"),
        ("n1", "f" * 32, "receive"),
    ):
        with pytest.raises(tickets.TicketRefused):
            tickets.redeem(folders, peer, ticket, purpose)
    assert list(folders.tickets.iterdir()) == [], "a ticket that was shown is gone, whoever showed it"
