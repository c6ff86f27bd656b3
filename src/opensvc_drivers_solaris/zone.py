"""The driver ``container.zone``: its keywords, the life cycle over ``zoneadm``, and the companion that prepares it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from opensvc_core.api import (
    LIFE_CYCLE_KEYWORDS,
    ActionError,
    Cancelled,
    ContainerLifeCycle,
    ContainerPlatform,
    Context,
    Deadline,
    Keyword,
    Kind,
    Outcome,
    Phase,
    Resource,
    ResourceId,
    Status,
    WaitTimeout,
    guest_name,
    hookimpl,
)
from opensvc_drivers_solaris.zone_platform import ZonePlatform
from opensvc_drivers_solaris.zoneadm import read_zone
from opensvc_drivers_solaris.zonecfg import keep_export

MILESTONE = "svc:/milestone/multi-user:default"
"""Online when the boot of a Solaris zone has started what it starts by itself (smf(7))."""
NO_MILESTONE = "none"
MILESTONE_LIMIT = 10.0
"""Seconds for one question to the zone's service manager."""

ZONE_KEYWORDS: tuple[Keyword, ...] = (
    *LIFE_CYCLE_KEYWORDS,
    Keyword(
        "attach_retry",
        "What an attach that Solaris refuses is tried again with: `force` (`-F`: without validation), `update` (`-u`: "
        "the zone's packages are brought to the node's), or `none`.",
        default="force",
        choices=("force", "update", "none"),
    ),
    Keyword(
        "deny_zbe_clone",
        "Whether an attach gets `-x deny-zbe-clone`, so that Solaris 11.3 or later takes the zone's boot environment "
        "as it is and clones none.",
        Kind.BOOLEAN,
        default=False,
    ),
    Keyword(
        "detach",
        "Whether a stop detaches the zone. `false` leaves it installed on this node, and the next start need not "
        "attach it: for a zone that never runs elsewhere.",
        Kind.BOOLEAN,
        default=True,
    ),
    Keyword(
        "milestone",
        "The service of the zone that must be online before its start is done, within `start_timeout`; `none` for a "
        "zone without SMF.",
        default=MILESTONE,
        example="svc:/milestone/multi-user-server:default",
    ),
)


class ZoneContainer(ContainerLifeCycle):
    """A Solaris zone."""

    file_roots: ClassVar[tuple[str, ...]] = ("{etc}/{service}.{name}.zonecfg",)
    platform: ClassVar[ContainerPlatform] = ZonePlatform()
    commands: ClassVar[tuple[str, ...]] = ("zoneadm", "zonecfg", "zlogin")
    keywords: ClassVar[tuple[Keyword, ...]] = ZONE_KEYWORDS

    @hookimpl
    def companions(self, resource: Resource) -> Sequence[Resource]:
        """The place of the zone: attached and ready before the addresses are plumbed, detached when all is down."""
        return (
            Resource(
                ResourceId(resource.id.service, f"{resource.rid}ready"),
                "zone.ready",
                options=resource.options,
                label=f"ready zone {guest_name(resource)}",
                phase=Phase.READY,
                is_disabled=resource.is_disabled,
                is_optional=resource.is_optional,
                is_standby=resource.is_standby,
                tags=resource.tags,
                companion_of=resource.rid,
                line=resource.line,
            ),
        )

    @hookimpl
    def update_disks(self, resource: Resource, context: Context) -> Outcome:
        """The exported configuration, on the node where the zone runs: elsewhere it may be an old one.

        Raises:
            ActionError: it cannot be told whether the zone runs here.
        """
        name = guest_name(resource)
        state = self.platform.read_state(resource, context)
        if state.status is Status.UNDEF:
            raise ActionError(f"cannot tell whether {name} runs: {state.reason}", code="container_undef")
        if state.status is not Status.UP:
            return Outcome.unchanged(f"{name} does not run here")
        if keep_export(resource.id.service, name, context):
            return Outcome.changed(f"the configuration of {name} is exported")
        return Outcome.unchanged(f"the export of {name} is as it was")

    def root_folder(self, resource: Resource, context: Context) -> Path | None:
        """The zone's root, which its ready phase has mounted."""
        zone = read_zone(guest_name(resource), context)
        return Path(zone.path) / "root" if zone is not None and zone.path.startswith("/") else None

    def await_service(self, resource: Resource, context: Context, limit: Deadline) -> None:
        """Wait until the zone's milestone is online. Raises WaitTimeout with the state that it is in."""
        name, fmri, last = guest_name(resource), resource.text("milestone"), ""
        # Here, as by now autoboot is off: a peer that is configured from it must not boot the zone by itself.
        keep_export(resource.id.service, name, context)
        if fmri in {"", NO_MILESTONE}:
            return

        def is_online() -> bool:
            nonlocal last
            try:
                guest = context.guest(resource)
                asked = guest.query("svcs", "-H", "-o", "state", fmri, timeout=MILESTONE_LIMIT, check=False)
            except Cancelled:
                raise
            except ActionError as error:
                last = error.message
            else:
                last = asked.stdout.strip() or asked.stderr.strip() or f"svcs ended with status {asked.rc}"
                if asked.rc == 0 and last == "online":
                    return True
            if self.platform.read_state(resource, context).status is Status.DOWN:
                raise ActionError(f"{name} went down while it booted", code="container_not_up", hint="see zlogin -C")
            return False

        try:
            context.wait_until(is_online, f"{fmri} of {name} to be online", limit.remaining())
        except WaitTimeout as error:
            raise WaitTimeout(
                f"{error.message} (it said last: {last})",
                hint=f"zlogin {name} svcs -x says why; `milestone` names another service, or none",
            ) from error
