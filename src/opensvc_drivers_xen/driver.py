"""The driver ``container.xen``: its keywords, and the life cycle over Xen's toolstack."""

from __future__ import annotations

from typing import ClassVar

from opensvc_core.api import (
    LIFE_CYCLE_KEYWORDS,
    MIGRATION_KEYWORDS,
    ContainerPlatform,
    Context,
    Keyword,
    Kind,
    MigratingLifeCycle,
    Outcome,
    Resource,
    hookimpl,
)
from opensvc_drivers_xen.domains import AUTO, XenPlatform
from opensvc_drivers_xen.migration import migrate
from opensvc_drivers_xen.toolstack import XL, XM


class XenContainer(MigratingLifeCycle):
    """A Xen guest, run by ``xl`` or ``xm``."""

    file_roots: ClassVar[tuple[str, ...]] = ("/etc/xen/{name}.cfg", "/etc/xen/{name}")
    platform: ClassVar[ContainerPlatform] = XenPlatform()
    commands: ClassVar[tuple[str, ...]] = ("xl", "xm")
    keywords: ClassVar[tuple[Keyword, ...]] = (
        *LIFE_CYCLE_KEYWORDS,
        *MIGRATION_KEYWORDS,
        Keyword(
            "config",
            "The guest's configuration file, as `xl create` takes it. By default /etc/xen/NAME.cfg, or /etc/xen/NAME "
            "where only that exists.",
            Kind.PATH,
            example="/srv/vm188/vm188.cfg",
        ),
        Keyword(
            "toolstack",
            "The command that runs the guest: `auto` takes `xl`, and `xm` where there is no `xl`.",
            default=AUTO,
            choices=(AUTO, XL, XM),
        ),
    )

    @hookimpl
    def migrate(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """Move the running guest to another node, by the toolstack's live migration.

        Raises:
            ActionError: it does not run here, or still does; or that cannot be told.
        """
        return migrate(resource, peer, context)
