"""What service files of other versions may hold and this one does not have yet: it is refused, never passed over.

Triggers, references and the `[env]` section get their place here: once they are there, this module gives way to them.
"""

from __future__ import annotations

import re
from typing import Final

ENV_SECTION: Final = "env"

_TRIGGER = re.compile(r"(?:blocking_)?(?:pre|post)_[a-z]\w*")
# `{section.key}`, `{key}`, `{env.x}`, `{x[0]}`, `{#x}`, `{upper:x}`; `{print $1}` and `{}` are none.
_REFERENCE = re.compile(r"\{#?[A-Za-z_][\w#.:@\[\]-]*\}")
_ARITHMETIC = re.compile(r"\$\([\d\s+*/()-]+\)")

LITERAL_KEYWORDS: Final = frozenset({"comment"})
"""Keywords whose text nothing acts upon: braces in them are braces."""


def is_trigger(keyword: str) -> bool:
    """Whether a keyword is a trigger: ``pre_start``, ``blocking_post_stop``."""
    return _TRIGGER.fullmatch(keyword) is not None


def find_reference(value: str) -> str:
    """The first reference or arithmetic in a value, as written; empty if it has none."""
    if "{" not in value and "$(" not in value:
        return ""
    found = _REFERENCE.search(value) or _ARITHMETIC.search(value)
    return found[0] if found else ""
