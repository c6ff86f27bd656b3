"""The driver ``container.ldom``: the life cycle over ``ldm``."""

from __future__ import annotations

from typing import ClassVar

from opensvc_core.api import (
    LIFE_CYCLE_KEYWORDS,
    CommandResult,
    ContainerLifeCycle,
    ContainerPlatform,
    Context,
    Keyword,
    Resource,
)
from opensvc_drivers_solaris.ldom_platform import LdomPlatform, unbind


class LdomContainer(ContainerLifeCycle):
    """A logical domain of Oracle VM Server for SPARC."""

    file_roots: ClassVar[tuple[str, ...]] = ("{var}/ldom_{name}.*",)
    platform: ClassVar[ContainerPlatform] = LdomPlatform()
    commands: ClassVar[tuple[str, ...]] = ("ldm",)
    keywords: ClassVar[tuple[Keyword, ...]] = LIFE_CYCLE_KEYWORDS
    can_hold: ClassVar[bool] = True

    def let_go(self, resource: Resource, context: Context) -> CommandResult:
        """Unbind it: a domain that is bound keeps its disks open."""
        return unbind(resource, context)
