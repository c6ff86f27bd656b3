"""The driver ``container.hpvm``: the life cycle over Integrity VM, its migration, and what peers need of its disks."""

from __future__ import annotations

from typing import ClassVar

from opensvc_core.api import (
    LIFE_CYCLE_KEYWORDS,
    MIGRATION_KEYWORDS,
    Context,
    Keyword,
    MigratingLifeCycle,
    Outcome,
    Resource,
    hookimpl,
)
from opensvc_drivers_hpvm.guests import HpvmPlatform


class HpvmContainer(MigratingLifeCycle):
    """A guest of HP Integrity VM."""

    file_roots: ClassVar[tuple[str, ...]] = (
        "/var/opt/hpvm/guests/{name}",
        "/var/opt/hpvm/uuids",
        "{var}/vg_{service}_*",
    )
    platform: ClassVar[HpvmPlatform] = HpvmPlatform()
    commands: ClassVar[tuple[str, ...]] = ("hpvmstatus", "hpvmstart", "hpvmstop", "hpvmmodify", "hpvmdevmgmt")
    keywords: ClassVar[tuple[Keyword, ...]] = (*LIFE_CYCLE_KEYWORDS, *MIGRATION_KEYWORDS)

    @hookimpl
    def migrate(self, resource: Resource, peer: str, context: Context) -> Outcome:
        """Move the running guest to another node."""
        return self.platform.migrate(resource, peer, context)

    def prepare(self, resource: Resource, context: Context) -> str:
        """Bring special files and the sharing of disks in order, as a start would; the guest is down here."""
        return self.platform.define(resource, self.platform.read_state(resource, context), context)

    @hookimpl
    def update_disks(self, resource: Resource, context: Context) -> Outcome | None:
        """Write the share file and the special files of ``[vmdg]`` for peers."""
        return self.platform.update_disks(resource, context)
