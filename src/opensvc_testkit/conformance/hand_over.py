"""Checks of the hooks of a migration, for drivers that have some: others pass."""

from __future__ import annotations

from opensvc_core.api import ActionError, Outcome, Resource, Status
from opensvc_testkit.conformance.checks import Checks
from opensvc_testkit.conformance.requirement import attempt, require
from opensvc_testkit.conformance.stage import Stage, changes

PEER = "another-node"
"""The other node: nothing of the platform was ever admitted for it."""
TOGETHER = {"join": "leave", "leave": "join", "admit": "settle", "migrate": "stay"}
"""A hook of a migration, and the one without which it cannot be taken back, or is not asked for."""


class HandOver(Checks):
    """A resource is handed from one node to another."""

    def test_hooks_of_a_migration_come_with_what_takes_them_back(self, stage: Stage) -> None:
        """What joins can leave, what admits can settle; a guest that can move can be joined, and told to stay."""
        hooks = stage.dispatcher.migration_hooks(self.driver)
        needed = {TOGETHER[hook]: hook for hook in hooks & set(TOGETHER)}
        needed |= {"join": "migrate"} if "migrate" in hooks else {}
        missing = sorted(f"`{hook}` with it (`{why}`)" for hook, why in needed.items() if hook not in hooks)
        require(not missing, f"a migration needs {', '.join(missing)}")

    def test_a_leave_of_what_is_down_changes_nothing(self, stage: Stage) -> None:
        """It is not in use here: unchanged, no changing command."""
        if "leave" not in stage.dispatcher.migration_hooks(self.driver):
            return
        resource, before = stage.resource(), stage.platform.state()
        with stage.observation.watching() as seen:
            error, outcome = attempt(lambda: _hand_over(stage, "leave", resource))
        ran = changes(seen)
        require(error is None, f"a leave of what is down raised {error!r}")
        is_unchanged = isinstance(outcome, Outcome) and not outcome.is_changed
        require(is_unchanged, f"a leave of what is down gave {outcome}, not `Outcome.unchanged`")
        require(not ran, f"a leave of what is down ran `{ran[0] if ran else ''}`")
        require(stage.platform.state() == before, "a leave of what is down left the platform other than it was")

    def test_a_join_is_refused_or_a_leave_takes_it_back(self, stage: Stage) -> None:
        """Nobody has admitted this node: an error, or something that a leave undoes to the last."""
        if not {"join", "leave"} <= stage.dispatcher.migration_hooks(self.driver):
            return
        resource, before = stage.resource(), stage.platform.state()
        error, _ = attempt(lambda: _hand_over(stage, "join", resource))
        is_told = error is None or isinstance(error, ActionError)
        require(is_told, f"a join raised {error!r}, which is no ActionError")
        error, _ = attempt(lambda: _hand_over(stage, "leave", resource))
        require(error is None, f"a leave after a join raised {error!r}")
        require(stage.platform.state() == before, "a join and a leave left the platform other than it was")
        told = stage.state_of(resource)
        require(not told.is_up and told is not Status.UNDEF, f"after a join and a leave it is {told.value}")


def _hand_over(stage: Stage, hook: str, resource: Resource) -> Outcome:
    context = stage.context(hook, resource)
    context.peer = PEER
    return stage.dispatcher.hand_over(hook, resource, context)
