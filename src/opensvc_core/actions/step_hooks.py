"""Which hook of a driver does which kind of step."""

from __future__ import annotations

from collections.abc import Callable

from opensvc_core.context import Context
from opensvc_core.dispatcher import Dispatcher
from opensvc_core.model import Outcome, Resource

STEP_HOOKS: dict[str, Callable[[Dispatcher, Resource, Context], Outcome]] = {
    "start": lambda dispatcher, resource, context: dispatcher.start(resource, context),
    "stop": lambda dispatcher, resource, context: dispatcher.stop(resource, context),
}
"""By action; the kinds are in ``opensvc_core.kinds``."""
