"""When a check is a warning or an error: ``[checks]`` of ``node.conf``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from opensvc_core.config.problems import did_you_mean
from opensvc_core.errors import ConfigError, ConfigProblem
from opensvc_core.inventory.records import CheckState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.node import Node

SECTION = "checks"
OFF = "off"
DEFAULTS: Final[Mapping[str, str]] = {"fs_u": "80:90", "fs_i": "80:90", "vg_u": "off:off"}
"""A volume group that is all given to volumes is as it should be: it is shown, and judged where somebody says so."""
_BOUND = re.compile(r"(?:[0-9]{1,2}|100|off)\Z", re.ASCII)


@frozen
class Bounds:
    """Percents from which on something is a warning, and an error; ``None`` for never."""

    warning: int | None = None
    error: int | None = None

    def judge(self, value: int | None) -> CheckState:
        """What a value means."""
        if value is None:
            return CheckState.UNKNOWN
        if self.error is not None and value >= self.error:
            return CheckState.ERROR
        if self.warning is not None and value >= self.warning:
            return CheckState.WARNING
        return CheckState.OK


@frozen
class Thresholds:
    """Bounds of one type of checks.

    Attributes:
        default: of whatever has none of its own.
        own: by instance; ``None`` for one that is left out.
    """

    default: Bounds
    own: Mapping[str, Bounds | None] = field(factory=dict, hash=False)

    def of(self, instance: str) -> Bounds | None:
        """Bounds of an instance, ``None`` if it is left out."""
        return self.own.get(instance, self.default)


def parse_thresholds(text: str, default: Bounds) -> Thresholds:
    r"""Read ``80:90 /var/log=90:95 /media/cd=off``: what holds for all, and for some instances; ``\040`` is a blank.

    Raises:
        ValueError: it is something else; the message says what would be right.
    """
    own: dict[str, Bounds | None] = {}
    for place, word in enumerate(text.split()):
        instance, equals, bounds = word.rpartition("=")
        if not equals:
            if place:
                message = f"{word!r} after the first word: write INSTANCE={word}"
                raise ValueError(message)
            default = parse_bounds(word)
        elif not instance:
            message = f"{word!r} names no instance"
            raise ValueError(message)
        else:
            own[instance.replace("\\040", " ")] = None if bounds == OFF else parse_bounds(bounds)
    return Thresholds(default, own)


def parse_bounds(text: str) -> Bounds:
    """Read ``80:90``, ``80:off``, ``off:90`` or ``off``. Raises ValueError."""
    words = [OFF, OFF] if text == OFF else text.split(":")
    if len(words) != 2 or not all(_BOUND.match(word) for word in words):
        message = f"{text!r} is not WARNING:ERROR: two numbers of percent up to 100, or off"
        raise ValueError(message)
    warning, error = (None if word == OFF else int(word) for word in words)
    if warning is not None and error is not None and warning > error:
        message = f"{text!r}: it would be an error before it is a warning"
        raise ValueError(message)
    return Bounds(warning, error)


def read_thresholds(node: Node) -> dict[str, Thresholds]:
    """Thresholds by type of check. Raises ConfigError with everything that is wrong with them."""
    given = node.settings.get(SECTION, {})
    file = node.folders.etc / "node.conf"
    problems: list[ConfigProblem] = []

    def add(keyword: str, message: str, hint: str = "") -> None:
        from opensvc_core.config.node_conf import find_line  # only a file with a mistake is read again

        problems.append(ConfigProblem(file, find_line(file, SECTION, keyword), SECTION, keyword, message, hint))

    found = {}
    for kind, text in DEFAULTS.items():
        default = parse_bounds(text)
        try:
            found[kind] = parse_thresholds(given.get(kind, ""), default)
        except ValueError as error:
            add(kind, str(error))
    for keyword in given:
        if keyword not in DEFAULTS:
            add(keyword, "no such check", did_you_mean(keyword, DEFAULTS) or f"there are {', '.join(DEFAULTS)}")
    if problems:
        raise ConfigError(problems, hint=f"correct [{SECTION}] in {file}")
    return found
