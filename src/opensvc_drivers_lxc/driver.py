"""The driver ``container.lxc``: its keywords, and the life cycle over LXC's tools."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from opensvc_core.api import (
    LIFE_CYCLE_KEYWORDS,
    ContainerLifeCycle,
    ContainerPlatform,
    Context,
    Keyword,
    Kind,
    Resource,
)
from opensvc_drivers_lxc.containers import ATTACH, SSH, LxcPlatform, root_folder


class LxcContainer(ContainerLifeCycle):
    """A Linux container, run by LXC."""

    file_roots: ClassVar[tuple[str, ...]] = ("/var/lib/lxc/{name}/*",)
    platform: ClassVar[ContainerPlatform] = LxcPlatform()
    commands: ClassVar[tuple[str, ...]] = ("lxc-attach", "lxc-info", "lxc-ls", "lxc-start", "lxc-stop")
    keywords: ClassVar[tuple[Keyword, ...]] = (
        *LIFE_CYCLE_KEYWORDS,
        Keyword(
            "lxcpath",
            "The folder in which LXC has the container, `lxcpath/NAME/config`. By default `lxc.lxcpath` of "
            "/etc/lxc/lxc.conf, or /var/lib/lxc.",
            Kind.PATH,
            example="/srv/vm188/lxc",
        ),
        Keyword(
            "access",
            "How commands are run in the guest: `attach` with `lxc-attach`, which needs neither network nor sshd; "
            "`ssh` as root to `hostname`.",
            default=ATTACH,
            choices=(ATTACH, SSH),
        ),
    )

    def root_folder(self, resource: Resource, context: Context) -> Path | None:
        """The container's root, where it is a folder of this node and no disk of its own."""
        del context
        return root_folder(resource)
