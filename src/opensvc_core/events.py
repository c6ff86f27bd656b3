"""What happens in a run, as values: the journal, the live view and observers read the same events."""

from __future__ import annotations

from enum import Enum
from typing import Any

from attrs import field, frozen


class EventKind(Enum):
    """Kinds of events, in the order in which a run can show them."""

    RUN_BEGIN = "run_begin"
    STEP_BEGIN = "step_begin"
    COMMAND_BEGIN = "command_begin"
    COMMAND_END = "command_end"
    STEP_PROGRESS = "step_progress"
    """How far a long step is, in words."""
    NOTE = "note"
    STEP_END = "step_end"
    """Also of a step that never began, `skipped` or `kept`: then no STEP_BEGIN came before."""
    ROLLBACK_BEGIN = "rollback_begin"
    RUN_END = "run_end"
    STATUS = "status"
    """A service's state on this node became another, and was written down; outside a run too. See ``feed``."""


@frozen
class Event:
    """One thing that happened.

    Attributes:
        kind: what.
        at: seconds since the epoch.
        run_id: of the run, empty outside one.
        service: name, empty when it concerns the run as a whole.
        rid: of the resource, or empty.
        step: id of the step, ``start vm188/container#0``, or empty.
        text: one line for people.
        data: further facts, JSON-ready: ``argv``, ``rc``, ``seconds``, ``state``, ``outcomes``, ``severity``,
            ``code``; of a status what the feed has of it.
    """

    kind: EventKind
    at: float
    run_id: str = ""
    service: str = ""
    rid: str = ""
    step: str = ""
    text: str = ""
    data: dict[str, Any] = field(factory=dict, hash=False)
