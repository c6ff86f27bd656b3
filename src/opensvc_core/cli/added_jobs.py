"""Jobs of the node that other distributions add: entry points of `opensvc.jobs`, each a function of the node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.errors import DriverLoadError, OpenSVCError

if TYPE_CHECKING:
    from opensvc_core.actions.jobs import NodeJob
    from opensvc_core.node import Node

GROUP = "opensvc.jobs"


def added_jobs(node: Node) -> tuple[list[NodeJob], dict[str, OpenSVCError]]:
    """The jobs that are added, and what is wrong with those that cannot be asked for any, by entry point."""
    from importlib.metadata import entry_points

    jobs: list[NodeJob] = []
    broken: dict[str, OpenSVCError] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            jobs += point.load()(node)
        except Exception as error:  # noqa: BLE001 - a third party may raise anything
            broken[point.name] = DriverLoadError(
                f"the jobs of {point.name!r} ({point.value}) cannot be listed: {type(error).__name__}: {error}",
                hint="reinstall the distribution that gives them, or take it away",
            )
    return jobs, broken
