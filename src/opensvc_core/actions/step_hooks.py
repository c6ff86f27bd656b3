"""Which hook of a driver does which kind of step."""

from __future__ import annotations

from collections.abc import Callable

from opensvc_core.context import Context
from opensvc_core.dispatcher import MIGRATION_HOOKS, Dispatcher
from opensvc_core.model import Outcome, Resource

StepHook = Callable[[Dispatcher, Resource, Context], Outcome]


def _hand_over(hook: str) -> StepHook:
    return lambda dispatcher, resource, context: dispatcher.hand_over(hook, resource, context)


STEP_HOOKS: dict[str, StepHook] = {
    "start": lambda dispatcher, resource, context: dispatcher.start(resource, context),
    "stop": lambda dispatcher, resource, context: dispatcher.stop(resource, context),
    "clean": lambda dispatcher, resource, context: dispatcher.clean(resource, context),
    **{hook: _hand_over(hook) for hook in MIGRATION_HOOKS},
}
"""By action; the kinds are in ``opensvc_core.kinds``."""
