"""Limits of this node, from ``[limits]`` of ``etc/node.conf``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attrs import fields, frozen

from opensvc_core.config.values import parse_duration, parse_integer
from opensvc_core.errors import ConfigError, ConfigProblem
from opensvc_core.plan import MAX_PARALLEL

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTION = "limits"


@frozen
class Limits:
    """What nobody set stands at its default.

    Attributes:
        status: seconds for all answers of a status; what has not come by then is ``undef``.
        view: seconds that other nodes have to say hello, and then to answer, when their state is shown.
        checks: seconds for all the drivers' checks before a run.
        inventory: seconds for all answers of an inventory, of the node's checks, of its facts or of its packages.
        late_start: seconds that a stop waits for a guest whose start command was cut, as it may still come up.
        left_over: seconds to wait for a changing command that a cut run left running, before it is ended.
        settle: seconds after which a start command that was cut is taken to have no effect any more.
        peer: seconds until another node counts as out of reach.
        silence: seconds of silence after which the session with another node is lost; that one waits twice as long.
        max_parallel: steps side by side.
    """

    status: float = 20.0
    view: float = 1.0
    checks: float = 30.0
    inventory: float = 60.0
    late_start: float = 10.0
    left_over: float = 30.0
    settle: float = 300.0
    peer: float = 5.0
    silence: float = 10.0
    max_parallel: int = MAX_PARALLEL


def read_limits(settings: Mapping[str, Mapping[str, str]], file: Path) -> Limits:
    """The limits of a node. Raises ConfigError with everything that is wrong with them."""
    problems = []
    values: dict[str, float | int] = {}
    given = settings.get(SECTION, {})
    for attribute in fields(Limits):
        if attribute.name not in given:
            continue
        text = given[attribute.name]
        try:
            value = parse_integer(text) if attribute.name == "max_parallel" else parse_duration(text)
            if value <= 0:
                message = f"{text!r} is not more than 0"
                raise ValueError(message)
            values[attribute.name] = value
        except ValueError as error:
            problems.append(ConfigProblem(file, 0, SECTION, attribute.name, str(error)))
    if problems:
        raise ConfigError(problems, hint=f"correct [{SECTION}] in {file}")
    return Limits(**values)  # type: ignore[arg-type]
