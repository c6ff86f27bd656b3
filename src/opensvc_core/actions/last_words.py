"""What other nodes said last, a file each below `var/peers`: for display while they do not answer, never to decide."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from opensvc_core.config.names import is_node_name
from opensvc_core.standing import NodeWord, kept, standing_in, standing_out
from opensvc_core.state_files import CLOSED_ON_EXEC, NO_LINK, make_folder, write_text

if TYPE_CHECKING:
    from pathlib import Path

    from opensvc_core.node import Folders


def word_file(folders: Folders, node: str) -> Path:
    """Where the last word of a node is kept."""
    if not is_node_name(node):
        message = f"{node!r} is not the name of a node"
        raise ValueError(message)
    return folders.var / "peers" / f"{node.lower()}.json"


def last_word(folders: Folders, node: str) -> NodeWord:
    """What a node said last; nothing where it never did, or where what was kept cannot be read."""
    try:
        document = json.loads(word_file(folders, node).read_bytes())
        services = {str(name): standing_in(each) for name, each in document["services"].items()}
        return NodeWord(node, False, str(document["host_mode"]), at=float(document["at"]), services=services)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return NodeWord(node)


def keep_word(folders: Folders, word: NodeWord) -> None:
    """Keep what a node said just now, if that can be and nobody else is at it: it is for display only."""
    with suppress(OSError):
        folder = folders.var / "peers"
        make_folder(folder)
        descriptor = os.open(
            folder / f".{word.node.lower()}.turn", os.O_RDWR | os.O_CREAT | CLOSED_ON_EXEC | NO_LINK, 0o600
        )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            whole = kept(last_word(folders, word.node), word)
            document = {
                "node": whole.node,
                "host_mode": whole.host_mode,
                "at": whole.at,
                "services": {name: standing_out(standing) for name, standing in whole.services.items()},
            }
            # In one line: with indents Python has no fast way to write it, and there may be hundreds of services.
            write_text(word_file(folders, word.node), json.dumps(document))
        finally:
            os.close(descriptor)
