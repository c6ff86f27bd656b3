"""The forced command for guests: a shell script that lets through what the agent does in a guest, and nothing else.

That is: whether a shell answers (``pwd``), which addresses the guest has, and the launchers of one folder.
"""

from __future__ import annotations

import re
from importlib.resources import files

from opensvc_core.builtin.ip_guest import LIST_ADDRESSES
from opensvc_core.builtin.launchers import GUEST_FOLDER
from opensvc_core.host.guest import WRAPPER

_FOLDER = re.compile(r"(?:/[A-Za-z0-9_][A-Za-z0-9._+@:-]*)+")


def gate_script(folder: str = GUEST_FOLDER) -> str:
    """The script, for launchers in a folder of the guest.

    Raises:
        ValueError: the folder's name is no absolute path of plain characters.
    """
    if not _FOLDER.fullmatch(folder):
        message = f"{folder!r} is no absolute path of letters, digits and . _ + @ : -"
        raise ValueError(message)
    text = files("opensvc_core.host").joinpath("guest_gate.sh").read_text(encoding="ascii")
    for word, value in (("@FOLDER@", folder), ("@WRAPPER@", WRAPPER), ("@ADDRESSES@", LIST_ADDRESSES)):
        if "'" in value:
            message = "what stands between single quotes in the script must not hold one"
            raise ValueError(message)
        text = text.replace(word, value)
    return text
