"""The life cycle that all container drivers share: how a guest is started, stopped and reported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from opensvc_core.api import (
    ActionError,
    Cancelled,
    CommandResult,
    CommandTimeout,
    Context,
    Deadline,
    Device,
    Host,
    InventoryItem,
    Keyword,
    Outcome,
    Phase,
    Resource,
    ResourceId,
    Severity,
    Status,
    StatusReport,
    Undetermined,
    Veto,
    WaitTimeout,
    hookimpl,
)
from opensvc_core.container_platform import (
    AUTOSTART,
    LIFE_CYCLE_KEYWORDS,
    ContainerPlatform,
    GuestState,
    guest_address,
    guest_name,
    has_shell,
)
from opensvc_core.recovery_flag import flag_root, is_recovering

SHELL_LIMIT = 10.0
"""Seconds that one try to run a command in the guest may take."""
ASK_AGAIN = 10.0
"""Seconds after which a guest that does not shut down is asked once more."""


class ContainerLifeCycle:
    """Hooks of a container driver; a driver is a subclass that names its platform and its keywords."""

    platform: ClassVar[ContainerPlatform]
    keywords: ClassVar[tuple[Keyword, ...]] = LIFE_CYCLE_KEYWORDS
    phase: ClassVar[Phase] = Phase.CONTAINER
    api_version: ClassVar[int] = 1
    can_hold: ClassVar[bool] = False
    """Whether a guest without power may still hold what it runs on (``GuestState.is_held``): then ``let_go`` is due."""

    # -- what a platform may add ------------------------------------------------------------------------------------

    def await_service(self, resource: Resource, context: Context, limit: Deadline) -> None:
        """Wait, within the limit of a start, for what a guest that is up must reach beyond its shell; nothing here.

        Raises:
            ActionError: it does not reach it.
        """

    def root_folder(self, resource: Resource, context: Context) -> Path | None:
        """The folder of this node that the guest has as its root; none here. A file in it tells where it boots."""

    def let_go(self, resource: Resource, context: Context) -> CommandResult:
        """Have the platform let go of what a guest without power holds. Raises CommandTimeout."""
        raise NotImplementedError

    # -- what is asked ----------------------------------------------------------------------------------------------

    @hookimpl
    def status(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, StatusReport]]:
        """States of many guests at once."""
        for resource_id, state in self.platform.list_states(resources, context):
            yield resource_id, state.report

    @hookimpl
    def preflight(self, resource: Resource, action: str, context: Context) -> Veto | None:
        """Nothing is begun while it cannot be told whether the own guest runs."""
        if action != "start":
            return None
        report = context.statuses.get(resource.id) or self.platform.read_state(resource, context).report
        if report.status is not Status.UNDEF:
            return None
        reason = "; ".join(note.text for note in report.notes) or "no reason given"
        return Veto(
            "container_undef",
            f"cannot tell whether {guest_name(resource)} runs here: {reason}",
            subject=str(resource.id),
            hint="make the hypervisor answer first",
            is_liftable=False,
        )

    @hookimpl
    def list_devices(self, resource: Resource, context: Context) -> Sequence[Device]:
        """Disks of the guest."""
        return self.platform.list_devices(resource, context)

    @hookimpl
    def list_files(self, resource: Resource, context: Context) -> Sequence[Path]:
        """Configuration files of the guest."""
        return self.platform.list_files(resource, context)

    @hookimpl
    def inventory(self, resources: Sequence[Resource], context: Context) -> Iterator[InventoryItem]:
        """Facts of the guests."""
        return self.platform.inventory(resources, context)

    @hookimpl
    def open_guest(self, resource: Resource, context: Context) -> Host:
        """Where commands run inside the guest. Raises ActionError for a guest that is configured to have no shell."""
        if not has_shell(resource):
            raise ActionError(f"{resource.id}: its guest has no shell, by its configuration", code="no_shell")
        return self.platform.open_guest(resource, context)

    # -- start ------------------------------------------------------------------------------------------------------

    @hookimpl
    def start(self, resource: Resource, context: Context) -> Outcome:
        """Define, boot, and wait until the guest answers as far as the service needs it.

        Raises:
            ActionError: it is not up, or that cannot be told.
        """
        name = guest_name(resource)
        limit = Deadline.after(resource.seconds("start_timeout"), context.clock, f"start of {name}")
        state = self._settle(resource, context, limit, in_full=True)
        if state.status is Status.UNDEF:
            raise ActionError(f"cannot tell whether {name} runs: {state.reason}", code="container_undef")
        if state.status is Status.UP:
            self._forbid_autostart(resource, state, context)
            return Outcome.unchanged(f"{name} is up already")
        if state.status is not Status.DOWN and not state.is_held:
            raise ActionError(f"{name} cannot be started: {state.reason}", code="container_not_down")
        address = self._needed_address(resource, context)
        done = self.platform.define(resource, state, context)
        self._forbid_autostart(resource, state, context)
        root = self.root_folder(resource, context) if context.service_of(resource).drpnodes else None
        if root is not None:
            flag_root(root, context, is_set=is_recovering(resource, context))
        booted = self.platform.boot(resource, limit.remaining(), context)
        if not booted.is_made:
            raise Undetermined(f"the rest depends on {name} being up")
        context.wait_until(lambda: self._is_up(resource, context), f"{name} to be up", limit.remaining())
        if address:
            context.wait_until(
                lambda: context.network.ping(address) or self._is_still_booting(resource, context),
                f"{address} to answer ping",
                limit.remaining(),
            )
        if _needs_shell(resource, context):
            context.wait_until(
                lambda: self._has_answered(resource, context) or self._is_still_booting(resource, context),
                f"the shell of {name} to answer",
                limit.remaining(),
            )
        self.await_service(resource, context, limit)
        return Outcome.changed(f"{name} started{f' ({done})' if done else ''}")

    def _settle(self, resource: Resource, context: Context, limit: Deadline, *, in_full: bool = False) -> GuestState:
        """The guest's state, once it is none that passes by itself; the last one seen when that takes too long."""
        state = self.platform.read_state(resource, context, in_full=in_full)
        if not state.is_passing:
            return state
        context.note(f"{guest_name(resource)}: {state.reason}: waiting for that to pass", "passing_state")

        def is_settled() -> bool:
            nonlocal state
            state = self.platform.read_state(resource, context, in_full=in_full)
            return not state.is_passing and state.status is not Status.UNDEF

        try:
            context.wait_until(is_settled, f"{guest_name(resource)} to settle", limit.remaining())
        except WaitTimeout:
            context.note(f"{guest_name(resource)} did not settle: {state.reason}", "passing_state", Severity.WARNING)
        return state

    def _forbid_autostart(self, resource: Resource, state: GuestState, context: Context) -> None:
        """On a service of several nodes only the agent may start the guest."""
        if state.is_autostarted and len(context.service_of(resource).all_nodes) > 1:
            self.platform.forbid_autostart(resource, context)
            context.note("hypervisor autostart was on and is switched off: the service has several nodes", AUTOSTART)

    def _needed_address(self, resource: Resource, context: Context) -> str:
        """Where the guest must answer ping before the start is done, empty if nothing of the service needs that.

        Raises:
            ActionError: the name does not resolve; said before the boot, not after a long wait.
        """
        in_need = {Phase.GUEST_ADDRESS}
        if has_shell(resource) and self.platform.is_reached_by_network(resource):
            in_need.add(Phase.APPLICATION)
        if not any(other.phase in in_need for other in _dwellers(resource, context)):
            return ""
        address = guest_address(resource)
        if not context.network.resolve(address):
            raise ActionError(
                f"the guest's name {address!r} does not resolve",
                code="unresolvable",
                hint="set `hostname` to its address, or add it to etc/hosts",
            )
        return address

    def _is_up(self, resource: Resource, context: Context) -> bool:
        """Whether it is up. Raises ActionError when it can be told that it will not come up by itself."""
        state = self.platform.read_state(resource, context)
        if state.status is Status.DOWN or (state.status is Status.WARN and not state.is_passing):
            raise ActionError(f"{guest_name(resource)} did not come up: {state.reason}", code="container_not_up")
        return state.status is Status.UP

    def _is_still_booting(self, resource: Resource, context: Context) -> bool:
        """False, so that it is waited on. Raises ActionError when the guest has gone down meanwhile."""
        state = self.platform.read_state(resource, context)
        if state.status is Status.DOWN or state.is_held:
            raise ActionError(
                f"{guest_name(resource)} went down while it booted: {state.reason}",
                code="container_not_up",
                hint="see its console",
            )
        return False

    def _has_answered(self, resource: Resource, context: Context) -> bool:
        """Whether a command can be run in the guest by now."""
        try:
            return context.guest(resource).query("pwd", timeout=SHELL_LIMIT, check=False).rc == 0
        except Cancelled:
            raise
        except ActionError:
            return False

    # -- stop -------------------------------------------------------------------------------------------------------

    @hookimpl
    def stop(self, resource: Resource, context: Context) -> Outcome:
        """Ask the guest to shut down, take its power away when it does not, verify.

        Raises:
            ActionError: it is not verified down.
        """
        name = guest_name(resource)
        patience = resource.seconds("stop_timeout")
        state = self._settle(resource, context, Deadline.after(patience, context.clock, f"stop of {name}"))
        if state.status is Status.UNDEF:
            raise ActionError(
                f"cannot tell whether {name} runs: {state.reason}",
                code="container_undef",
                hint="its disks must be taken as in use until the hypervisor answers",
            )
        if state.status is Status.DOWN:
            return Outcome.unchanged(f"{name} is down already" if state.is_known else f"{name} is not defined here")
        if state.is_held:
            self._let_go(resource, patience, context)
            return Outcome.changed(f"{name} had no power, and is let go of")
        if state.obeys_soft_stop:
            if not (trouble := self._stop_softly(resource, patience, context)):
                self._let_go(resource, patience, context)
                return Outcome.changed(f"{name} shut down")
        else:
            trouble = state.reason
        context.note(f"{name} is stopped by force: {trouble}", "forced_stop", Severity.WARNING)
        self._stop_by_force(resource, patience, context)
        self._let_go(resource, patience, context)
        return Outcome.changed(f"{name} stopped by force")

    def _is_off(self, resource: Resource, context: Context) -> bool:
        """Whether it has no power, whatever its platform still holds."""
        state = self.platform.read_state(resource, context)
        return state.status is Status.DOWN or state.is_held

    def _let_go(self, resource: Resource, patience: float, context: Context) -> None:
        """After a guest has lost its power: what its platform still holds is let go of, verified.

        Raises:
            ActionError: it is not.
        """
        if not self.can_hold or self._is_down(resource, context):
            return
        name = guest_name(resource)
        released = self.let_go(resource, context)
        if released.rc != 0 and not self._is_down(resource, context):
            raise ActionError(
                f"{name} has no power, and what it runs on is not let go of: {_said(released)}",
                code="container_not_down",
                hint="its disks must be taken as in use until it is",
            )
        context.wait_until(lambda: self._is_down(resource, context), f"{name} to be let go of", patience)

    def _is_down(self, resource: Resource, context: Context) -> bool:
        return self.platform.read_state(resource, context).status is Status.DOWN

    def _stop_softly(self, resource: Resource, patience: float, context: Context) -> str:
        """Ask it to shut down and wait; empty when it is down, else why it is not."""
        limit = Deadline.after(patience, context.clock, "soft stop")
        try:
            asked = self.platform.stop_softly(resource, patience, context)
        except CommandTimeout as error:
            return error.message
        if asked.rc != 0:
            # It may have gone down between the two commands; then the refusal means nothing.
            return "" if self._is_off(resource, context) else f"it cannot be asked to shut down: {_said(asked)}"
        ask_again = Deadline.after(ASK_AGAIN, context.clock)

        def is_off() -> bool:
            nonlocal ask_again
            if self._is_off(resource, context):
                return True
            if ask_again.is_over:
                # A guest that was still booting has not heard the first one.
                self.platform.stop_softly(resource, min(patience, ASK_AGAIN), context)
                ask_again = Deadline.after(ASK_AGAIN, context.clock)
            return False

        try:
            context.wait_until(is_off, f"{guest_name(resource)} to shut down", limit.remaining())
        except (WaitTimeout, CommandTimeout):
            return f"it did not shut down within {patience:g} s"
        return ""

    def _stop_by_force(self, resource: Resource, patience: float, context: Context) -> None:
        name = guest_name(resource)
        limit = Deadline.after(patience, context.clock, "forced stop")
        forced = self.platform.stop_by_force(resource, context)
        if forced.rc != 0 and not self._is_off(resource, context):
            raise ActionError(f"{name} cannot be stopped by force: {_said(forced)}", code="container_not_down")
        try:
            # The command's own time is not the guest's: there is always a last look.
            context.wait_until(
                lambda: self._is_off(resource, context), f"{name} to be down", max(1.0, limit.remaining())
            )
        except WaitTimeout as error:
            state = self.platform.read_state(resource, context)
            raise ActionError(
                f"{name} is not verified down after a forced stop: {state.reason}",
                code="container_not_down",
                hint="its disks must be taken as in use until it is",
            ) from error


def _said(result: CommandResult) -> str:
    """The first line that a command said, or its status."""
    return next(iter((result.stderr.strip() or result.stdout.strip()).splitlines()), f"status {result.rc}")


def _dwellers(resource: Resource, context: Context) -> list[Resource]:
    """Resources of the service that live in this guest and are not disabled."""
    return [
        other
        for other in context.service_of(resource).resources
        if other.container == resource.rid and not other.is_disabled
    ]


def _needs_shell(resource: Resource, context: Context) -> bool:
    """Whether something of the service runs commands in the guest, and the guest lets it."""
    if not has_shell(resource):
        return False
    return any(
        other.phase is Phase.APPLICATION or (other.phase is Phase.GUEST_ADDRESS and other.options.get("ipdev"))
        for other in _dwellers(resource, context)
    )
