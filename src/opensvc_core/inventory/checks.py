"""Checks of the node: how full its file systems and volume groups are, each with the service that it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.inventory.asking import open_inquiry
from opensvc_core.inventory.filling import read_fillings
from opensvc_core.inventory.records import Check, CheckReport
from opensvc_core.inventory.thresholds import read_thresholds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.model import Resource, Service


def run_checks(agent: Agent, services: Sequence[Service]) -> CheckReport:
    """Check this node, within ``[limits] inventory`` of ``node.conf``.

    Args:
        agent: this node's.
        services: to which what is checked may belong.

    Raises:
        ConfigError: ``[checks]`` of ``node.conf`` is wrong. Nothing that a tool does: that is a note.
    """
    thresholds = read_thresholds(agent.node)
    context = open_inquiry(agent, "the checks of the node", services)
    mounts, groups = _owners(services)
    checks = []
    for measure in read_fillings(context):
        bounds = thresholds[measure.type].of(measure.instance)
        if bounds is None:
            continue
        owner = (groups if measure.type == "vg_u" else mounts).get(measure.instance)
        checks.append(
            Check(
                measure.type,
                measure.instance,
                measure.percent,
                bounds.judge(measure.percent),
                bounds.warning,
                bounds.error,
                owner.id.service if owner is not None else "",
                owner.rid if owner is not None else "",
                measure.text,
            )
        )
    checks.sort(key=lambda check: (check.type, check.instance))
    return CheckReport(agent.node.name, agent.clock.now(), tuple(checks), tuple(dict.fromkeys(context.notes)))


def _owners(services: Sequence[Service]) -> tuple[dict[str, Resource], dict[str, Resource]]:
    """Resources by mount point, and by name of the disk group."""
    mounts: dict[str, Resource] = {}
    groups: dict[str, Resource] = {}
    for service in services:
        for resource in service.resources:
            if mount := str(resource.options.get("mnt") or ""):
                mounts.setdefault(mount.rstrip("/") or "/", resource)
            if group := str(resource.options.get("vgname") or resource.options.get("poolname") or ""):
                groups.setdefault(group.removeprefix("/dev/"), resource)
    return mounts, groups
