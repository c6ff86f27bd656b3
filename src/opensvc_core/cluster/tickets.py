"""Tickets of the gate: what an operation of an open session allows a peer to do once, outside of that session."""

from __future__ import annotations

import json
import os
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from opensvc_core.errors import ActionError
from opensvc_core.state_files import CLOSED_ON_EXEC, NO_LINK, sync_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from opensvc_core.node import Folders

WORD = 32
"""Hexadecimal digits of a ticket."""


class TicketRefused(ActionError):
    """There is no such ticket: never made, used, too old, or made for another peer or purpose."""

    code = "peer_refused"


def ticket_folder(folders: Folders) -> Path:
    """Where tickets lie."""
    return folders.tickets


def issue(folders: Folders, peer: str, purpose: str, facts: Mapping[str, Any], seconds: float) -> str:
    """Make a ticket.

    Args:
        folders: of this node.
        peer: the only one that may use it.
        purpose: what it is for: ``receive``, ``channel``.
        facts: what this node has decided about it; JSON.
        seconds: how long it can be used.

    Raises:
        OSError: it cannot be written.
    """
    folder = ticket_folder(folders)
    folder.mkdir(0o700, parents=True, exist_ok=True)
    _sweep(folder)
    ticket = secrets.token_hex(WORD // 2)
    document = {"peer": peer, "purpose": purpose, "until": time.time() + seconds, "facts": dict(facts)}
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | CLOSED_ON_EXEC | NO_LINK
    with os.fdopen(os.open(folder / ticket, flags, 0o600), "w", encoding="utf-8") as file:
        json.dump(document, file)
        file.flush()
        os.fsync(file.fileno())
    sync_folder(folder)
    return ticket


def redeem(folders: Folders, peer: str, ticket: str, purpose: str) -> dict[str, Any]:
    """Use a ticket up: its facts. Raises TicketRefused; a ticket that was shown once is gone in any case."""
    refused = TicketRefused("no such ticket", hint="a ticket can be used once, soon, by the peer that it was made for")
    if len(ticket) != WORD or not set(ticket) <= set("0123456789abcdef"):
        raise refused
    path = ticket_folder(folders) / ticket
    taken = path.with_name(f".{ticket}.{os.getpid()}")
    try:
        # Of two that show the same ticket at once, one finds no file.
        path.rename(taken)
        document = json.loads(taken.read_text(encoding="utf-8"))
        taken.unlink()
        is_good = document["peer"] == peer and document["purpose"] == purpose and time.time() <= document["until"]
        facts = dict(document["facts"])
    except (OSError, ValueError, KeyError, TypeError):
        raise refused from None
    if not is_good:
        raise refused
    return facts


def revoke(folders: Folders, ticket: str) -> None:
    """Take a ticket back; one that was used is gone already. Raises nothing."""
    with suppress(OSError):
        (ticket_folder(folders) / ticket).unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Take away what nobody used in time."""
    for path in folder.iterdir():
        try:
            if json.loads(path.read_text(encoding="utf-8"))["until"] < time.time():
                path.unlink()
        except (OSError, ValueError, KeyError, TypeError):
            continue
