"""Where in an action a fault happens: the steps of start, stop and switch, as commands that stand still there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from tests.lab.cluster.standstill import Standstill
from tests.lab.nodes import Node

BEFORE = "before the stop"
STOPPING = "while stopping"
BETWEEN = "between stop and start"
STARTING = "while starting"
END = "at the end"
LAUNCHER_START = "S10db start"


Moment = tuple[str, str]
"""An action and one of its steps."""


@attrs.frozen
class Scene:
    """One moment of an action of the service.

    Attributes:
        action: `start`, `stop` or `switch`.
        step: one of the five.
        is_by_source: whether the node that has the service (or is to start it) drives the action; else the other one.
        points: at which the run stands still in turn; the fault happens at the last.
    """

    action: str
    step: str
    is_by_source: bool
    points: tuple[Standstill, ...]

    @property
    def moment(self) -> Moment:
        """Its action and its step."""
        return self.action, self.step

    def reach(self, is_over: Callable[[], bool]) -> str:
        """Wait until the run stands still at the last point; the command's line. Raises NotReachedError."""
        line = ""
        for point, following in zip(self.points, (*self.points[1:], None), strict=True):
            line = point.wait(is_over)
            if following is not None:
                following.arm()
                point.pass_on()
        return line

    def __str__(self) -> str:
        points = ", then ".join(f"{each.when} {each.tool} on {each.node.name}" for each in self.points)
        return f"{self.action} by the {'source' if self.is_by_source else 'other'}, {self.step} ({points})"


def scenes(source: Node, other: Node) -> list[Scene]:
    """Every scene of a service that is, or is to be, on `source`; `switch` brings it to `other`."""
    look = Standstill(source, "before", "lxc-ls")
    stops = [Standstill(source, "before", "lxc-stop"), Standstill(source, "after", "lxc-stop")]
    verify = (stops[1], Standstill(source, "before", "lxc-info"))

    def at(action: str, step: str, *ways: Sequence[Standstill], is_by_source: bool = True) -> list[Scene]:
        return [Scene(action, step, is_by_source, tuple(way)) for way in ways]

    def starting(action: str, node: Node, *, is_by_source: bool) -> list[Scene]:
        return [
            *at(action, STARTING, [Standstill(node, "after", "lxc-start")], is_by_source=is_by_source),
            *at(action, END, [Standstill(node, "after", "lxc-attach", LAUNCHER_START)], is_by_source=is_by_source),
        ]

    found = [
        *at("start", BEFORE, [look], [Standstill(other, "before", "lxc-ls")]),
        *at("start", STARTING, [Standstill(source, "before", "lxc-start")]),
        *starting("start", source, is_by_source=True),
        *at("stop", BEFORE, [look]),
        *at("stop", STOPPING, *([stop] for stop in stops)),
        *at("stop", END, verify),
    ]
    for is_by_source in (True, False):
        found += at("switch", BEFORE, [look], is_by_source=is_by_source)
        found += at("switch", STOPPING, *([stop] for stop in stops), is_by_source=is_by_source)
        between = [verify, [Standstill(other, "before", "lxc-start")]]
        found += at("switch", BETWEEN, *between, is_by_source=is_by_source)
        found += starting("switch", other, is_by_source=is_by_source)
    return found
