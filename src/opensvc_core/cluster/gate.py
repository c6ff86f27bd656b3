"""What the holder of a peer's key may ask sshd for: a session, or what a ticket of one allows. Pure."""

from __future__ import annotations

import re

from attrs import frozen

from opensvc_core.errors import ActionError

LONGEST = 8192
"""Characters of a command."""
_WORD = re.compile(r"(?:[A-Za-z0-9._/=,:+@%~-]|[^\W\x00-\x7f]|\\[\x21-\x7e ])+")
"""Words that are one word to every shell: what else a path has in it, rsync sends behind a backslash."""
_COMMAND = re.compile(rf"{_WORD.pattern}(?: {_WORD.pattern})*")
_TICKET = re.compile(r"[0-9a-f]{32}")


class GateRefused(ActionError):
    """It is not among what a peer may ask for."""

    code = "peer_refused"


@frozen
class SessionAsked:
    """``osvc peer``."""


@frozen
class ReceiveAsked:
    """``osvc peer receive TICKET --server …``: the words of an rsync, from ``--server`` on, unchecked."""

    ticket: str
    words: tuple[str, ...]


@frozen
class ChannelAsked:
    """``osvc peer channel TICKET``."""

    ticket: str


Asked = SessionAsked | ReceiveAsked | ChannelAsked
"""What may be asked for."""


def read_command(command: str) -> Asked:
    """Understand what sshd was asked to run (``SSH_ORIGINAL_COMMAND``).

    Raises:
        GateRefused: anything else than the three commands, word by word, one space between two.
    """
    if not command:
        raise GateRefused("a shell is not among what a peer may have")
    if len(command) > LONGEST:
        raise GateRefused(f"a command of more than {LONGEST} characters")
    if not _COMMAND.fullmatch(command):
        raise GateRefused("a character that has no place in the command of a peer")
    words = [word[0] for word in _WORD.finditer(command)]
    if words[:2] != ["osvc", "peer"]:
        raise GateRefused("another command than `osvc peer`")
    what = words[2:]
    if not what:
        return SessionAsked()
    if what[0] not in {"receive", "channel"}:
        raise GateRefused("`osvc peer` with other words than receive and channel")
    if len(what) < 2 or not _TICKET.fullmatch(what[1]):
        raise GateRefused("no ticket, or what is none")
    if what[0] == "channel" and len(what) == 2:
        return ChannelAsked(what[1])
    if what[0] == "receive" and len(what) > 2 and what[2] == "--server":
        return ReceiveAsked(what[1], tuple(what[2:]))
    raise GateRefused(f"`osvc peer {what[0]}` with other words than belong to it")
