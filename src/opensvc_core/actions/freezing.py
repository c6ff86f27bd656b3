"""Freezing and thawing services, so that who reports their states is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.actions.freeze import freeze, thaw
from opensvc_core.actions.recording import record_frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.actions.agent import Agent


def freeze_services(agent: Agent, names: Sequence[str]) -> None:
    """See ``Agent.freeze``."""
    for name in names:
        freeze(agent.node, name)
    record_frozen(agent, names)


def thaw_services(agent: Agent, names: Sequence[str]) -> None:
    """See ``Agent.thaw``."""
    for name in names:
        thaw(agent.node, name)
    record_frozen(agent, names)
