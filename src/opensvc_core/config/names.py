"""What services and nodes may be called: hard rules, and the advice of the cookbook."""

from __future__ import annotations

import re

LONGEST_NAME = 200
"""Characters; file systems take 255 bytes a name, and ours get suffixes."""

_TAKEN_ENDINGS = (".env", ".d", ".dir", ".conf")
# The first character is neither '-' (an option of whatever command gets it) nor '.' (a hidden file).
_SERVICE = re.compile(r"[^\W_][\w.+-]*")
_NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_ADVISED = re.compile(r"[a-z][a-z0-9]*")


def refuse_service_name(name: str) -> str:
    """Why a service cannot have this name, in one line; empty if it can."""
    if not name:
        return "a service needs a name"
    if len(name.encode("utf-8", "replace")) > LONGEST_NAME:
        return f"the name is longer than {LONGEST_NAME} bytes"
    if not _SERVICE.fullmatch(name):
        return f"{name!r}: a name begins with a letter or digit, and has letters, digits and . _ + - only"
    if name.lower() == "node":
        return "'node' names the node's own configuration"
    if name.lower().endswith(_TAKEN_ENDINGS):
        ending = next(each for each in _TAKEN_ENDINGS if name.lower().endswith(each))
        return f"{name!r}: files of other services end with {ending!r}"
    return ""


def advise_service_name(name: str) -> str:
    """What the cookbook's guidelines would say of a name, in one line; empty if it follows them.

    They are: 8 to 15 characters, application code, then service type, then role, then a number; a domain as suffix
    where a collector is shared (gieprdtransco01, unxdevweb01.mydomain.com).
    """
    short = name.partition(".")[0]
    if 8 <= len(short) <= 15 and _ADVISED.fullmatch(short):
        return ""
    return (
        "the guidelines: 8 to 15 lower-case letters and digits, application code, service type, role, number: "
        "gieprdtransco01"
    )


def is_node_name(name: str) -> bool:
    """Whether this can be the name of a node: letters, digits, ``.``, ``_``, ``-``, no scope word."""
    return bool(_NODE.fullmatch(name)) and name.lower() not in {"nodes", "drpnodes"}
