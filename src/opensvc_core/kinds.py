"""Kinds of steps: what each means for the walk of a plan, and what takes it back. Pure."""

from __future__ import annotations

from attrs import frozen

from opensvc_core.errors import PlanError


@frozen
class StepKind:
    """What the walk must know of an action on a resource.

    Attributes:
        taken_back_by: action that takes it back where a run fails; empty if nothing does.
        is_taken_back_last: what takes it back waits for all else of the way back.
        restored_by: the same, in a plan that restores what it had stopped.
        is_down: it brings down. One that fails is asked about, and what its resource stands on stays as it is; it does
            not end the run. Any other that fails ends the way forward of its service.
        can_start: it may bring something up, or be what lets something come up: it needs the journal, and the locks and
            the word of all nodes.
    """

    taken_back_by: str = ""
    is_taken_back_last: bool = False
    restored_by: str = ""
    is_down: bool = False
    can_start: bool = True


KINDS: dict[str, StepKind] = {
    "start": StepKind(taken_back_by="stop"),
    "stop": StepKind(restored_by="start", is_down=True, can_start=False),
    # Of a boot: what a crash of this node left is removed.
    "clean": StepKind(can_start=False),
    # Replications: one leaves what it replaces whole or incomplete, and a repetition mends it.
    "sync": StepKind(can_start=False),
    "pull": StepKind(can_start=False),
    # Of a migration, see ``migration_plan``. The destination is off, inactive and unregistered before the source, which
    # holds the disks, writes that they are its own again.
    "admit": StepKind(taken_back_by="settle", is_taken_back_last=True),
    "join": StepKind(taken_back_by="leave"),
    "migrate": StepKind(taken_back_by="stay"),
    "leave": StepKind(is_down=True),
    "settle": StepKind(),
    "stay": StepKind(),
}
"""By action."""


def kind_of(action: str) -> StepKind:
    """What the walk must know of an action. Raises PlanError where there is no such kind of steps."""
    try:
        return KINDS[action]
    except KeyError:
        raise PlanError(f"there are no steps of the kind {action!r}", hint=f"one of {', '.join(KINDS)}") from None
