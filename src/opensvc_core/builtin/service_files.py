"""``sync.service_files`` and ``sync.system_files``: the replications that every service of several nodes has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from opensvc_core.api import ActionError, Keyword, Outcome, Resource, ResourceId, StatusReport, hookimpl
from opensvc_core.builtin.replicating import Replication, stamped_status
from opensvc_core.builtin.rsync_command import rsync_argv
from opensvc_core.builtin.rsync_run import run_rsync
from opensvc_core.replication import DRPNODES, MINUTE, NODES, Copy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opensvc_core.api import Context
    from opensvc_core.replication import Transfer

MAX_DELAY = 1440 * MINUTE
"""Seconds after which what was sent is too old: a day, as `sync_max_delay` has it where nobody says otherwise."""
SYSTEM_LIMIT = 600.0
"""Seconds for a transfer of system files."""
SYSTEM_PATHS = (
    "/etc/passwd", "/etc/group", "/etc/hosts", "/etc/services", "/etc/sudoers", "/etc/sudoers.d", "/etc/resolv.conf",
    "/etc/nsswitch.conf", "/etc/fstab", "/etc/exports", "/etc/security", "/etc/profile", "/etc/profile.d",
    "/etc/ssh/ssh_config", "/etc/ssh/sshd_config", "/etc/lvm", "/etc/multipath.conf", "/etc/network", "/etc/ntp.conf",
    "/etc/oratab", "/etc/cron.d", "/etc/crontab", "/var/spool/cron",
)  # fmt: skip
"""What a disaster-recovery node keeps of a production node, to look into (agent 2010)."""
SECRETS = ("*key", "*.key", "*.pem", "id_*", "*shadow*", "*.p12", "*secret*", "authorized_keys")
"""Patterns of what is never sent: private keys, and what hashes of passwords lie in."""


class _Implied(Replication, ABC):
    """A replication that no section asks for, and that has no keywords."""

    keywords: ClassVar[tuple[Keyword, ...]] = ()

    @hookimpl
    def status(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, StatusReport]]:
        """By the stamps; ``n/a`` until it was sent for the first time."""
        for resource in resources:
            yield resource.id, stamped_status(resource, self.describe_copy(), context)

    @abstractmethod
    def describe_copy(self) -> Copy:
        """What goes where: each has its own."""


class ServiceFiles(_Implied):
    """``sync#i0``: the service file, its link, its launchers, and what its drivers need, over the session of a peer."""

    @hookimpl
    def describe_copy(self) -> Copy:
        """To all nodes."""
        return Copy((), "", "", (NODES, DRPNODES), 0.0, MAX_DELAY, carries_data=False)


class SystemFiles(_Implied):
    """``sync#i1``: system files, for a disaster-recovery node to look into; never put where they would take effect."""

    commands: ClassVar[tuple[str, ...]] = ("rsync",)

    @hookimpl
    def describe_copy(self) -> Copy:
        """To the disaster-recovery nodes, each keeps it below ``var/cache/<node>``."""
        return Copy(SYSTEM_PATHS, "", "", (DRPNODES,), 0.0, MAX_DELAY, carries_data=False)

    @hookimpl
    def replicate(self, resource: Resource, transfer: Transfer, context: Context) -> Outcome:
        """Run rsync on those that are there. Raises CommandFailed; ActionError for a pull, which there is none of."""
        if transfer.is_pull:
            raise ActionError(f"{resource.id} is never pulled", code="sync_refused")
        sources = tuple(path for path in SYSTEM_PATHS if Path(path).exists())
        argv = rsync_argv(transfer, sources, excludes=SECRETS, is_relative=True)
        return run_rsync(argv, SYSTEM_LIMIT, context)
