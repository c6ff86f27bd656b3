"""``app.launchers``: applications started and stopped by SysV-like scripts, in the guest or on this node."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from attrs import frozen

from opensvc_core.api import (
    ActionError,
    Cancelled,
    CommandError,
    Keyword,
    Kind,
    Note,
    Outcome,
    Phase,
    Resource,
    ResourceId,
    Severity,
    Status,
    StatusReport,
    WaitTimeout,
    hookimpl,
)
from opensvc_core.builtin.launcher_scripts import choose, distrust, list_local, parse_find
from opensvc_core.container_platform import is_guest_running
from opensvc_core.fanout import side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opensvc_core.api import CommandResult, Context

GUEST_FOLDER = "/svc/etc/init.d"
"""Where launchers lie in a guest (cookbook)."""
LIST_LIMIT = 15.0
"""Seconds to list the launchers of a guest."""
LEAST_TIME = 2.0
"""Seconds below which no further script is begun: it would only be cut short."""
GUESTS_AT_ONCE = 16
"""Guests that are asked side by side."""


class Launchers:
    """Runs ``S*`` to start, ``K*`` to stop and ``C*`` to check, each in the order of its name."""

    keywords: ClassVar[tuple[Keyword, ...]] = (
        Keyword(
            "scripts",
            f"Folder of the launchers. Default: {GUEST_FOLDER} in the guest, or etc/<service>.d for a service without "
            "a guest.",
            Kind.PATH,
            example="/srv/app/init.d",
        ),
        Keyword(
            "script_timeout",
            "Time that one script has to start or to stop; then it is ended, and the next one is run.",
            Kind.DURATION,
            120.0,
            example="5m",
        ),
        Keyword("check_timeout", "Time that one check script (`C*`) has.", Kind.DURATION, 15.0, example="30s"),
        Keyword("start_timeout", "Time that all start scripts have together.", Kind.DURATION, 600.0, example="20m"),
        Keyword("stop_timeout", "Time that all stop scripts have together.", Kind.DURATION, 300.0, example="10m"),
    )
    phase: ClassVar[Phase] = Phase.APPLICATION
    api_version: ClassVar[int] = 1

    @hookimpl
    def status(self, resources: Sequence[Resource], context: Context) -> Iterator[tuple[ResourceId, StatusReport]]:
        """Services side by side: up if all checks succeed, down if none does, ``n/a`` without checks or guest."""
        for resource, answer in side_by_side(resources, lambda each: _check(each, context), GUESTS_AT_ONCE):
            if isinstance(answer, StatusReport):
                yield resource.id, answer
            elif isinstance(answer, ActionError):
                yield resource.id, StatusReport.undef(answer.message, answer.code)
            else:
                yield resource.id, StatusReport.undef(f"{type(answer).__name__}: {answer}", "driver_bug")

    @hookimpl
    def start(self, resource: Resource, context: Context) -> Outcome:
        """Run the start scripts, unless all checks say that the application is up. A script that fails is a warning.

        Raises:
            ActionError: the guest cannot be asked.
            WaitTimeout: ``start_timeout`` is over.
        """
        context = context.within(resource.seconds("start_timeout"), f"the start scripts of {resource.id}")
        try:
            place = _open(resource, context)
        except ActionError as error:
            if error.code == "no_shell":
                return Outcome.unchanged("its guest has no shell: launchers are not run")
            raise
        scripts = place.list()
        starters = choose(scripts, "S")
        if not starters:
            return Outcome.unchanged(f"no start script in {place.folder}")
        checks = choose(scripts, "C")
        if checks and all(place.check(script).state is Status.UP for script in checks):
            return Outcome.unchanged(f"up already, say {_count(len(checks), 'check')}")
        good = sum(place.change(script, "start") for script in starters)
        return Outcome.changed(f"{good} of {_count(len(starters), 'start script')} succeeded")

    @hookimpl
    def stop(self, resource: Resource, context: Context) -> Outcome:
        """Run the stop scripts. Nothing that goes wrong fails it.

        A guest's shutdown ends its applications too, and what an application of this node still holds is not let go.
        """
        if resource.container and _is_guest_gone(resource, context):
            return Outcome.unchanged("its guest is down")
        context = context.within(resource.seconds("stop_timeout"), f"the stop scripts of {resource.id}")
        stoppers: tuple[str, ...] = ()
        good = 0
        try:
            place = _open(resource, context)
            stoppers = choose(place.list(), "K")
            for script in stoppers:
                good += place.change(script, "stop")
        except Cancelled:
            raise
        except ActionError as error:
            if error.code == "no_shell":
                return Outcome.unchanged("its guest has no shell: launchers are not run")
            context.note(f"stop scripts were not run: {error.message}", "launchers_skipped", Severity.WARNING)
            if not stoppers:
                return Outcome.unchanged("the stop scripts could not be listed")
        if not stoppers:
            return Outcome.unchanged(f"no stop script in {place.folder}")
        return Outcome.changed(f"{good} of {_count(len(stoppers), 'stop script')} succeeded")


@frozen
class _Checked:
    """What one check script said: up, down, or undef when it cannot be told, with the reason."""

    state: Status
    note: Note | None = None


@frozen
class _Place:
    """Where the launchers of a resource lie, and where they run."""

    resource: Resource
    context: Context
    folder: str

    @property
    def is_local(self) -> bool:
        """Whether they run on this node, where the agent can look at the files before it trusts them."""
        return not self.resource.container

    def list(self) -> tuple[str, ...]:
        """Paths of all launchers. Raises ActionError if they cannot be listed."""
        if self.is_local:
            try:
                return list_local(Path(self.folder))
            except OSError as error:
                raise ActionError(f"the launchers in {self.folder} cannot be listed: {error.strerror}") from error
        found = self.context.query(
            "find", f"{self.folder}/.", "!", "-name", ".", "-prune", "-name", "[SKC]*", timeout=LIST_LIMIT, check=False
        )
        if found.rc != 0:
            if "No such file" in found.stderr or "cannot stat" in found.stderr:
                return ()
            raise ActionError(f"the launchers in {self.folder} of the guest cannot be listed: {_last_line(found)}")
        return parse_find(found.stdout, self.folder)

    def _distrust(self, script: str) -> str:
        return distrust(Path(script), os.geteuid(), os.getegid()) if self.is_local else ""

    @property
    def _env(self) -> dict[str, str]:
        return {"OPENSVC_SVCNAME": self.resource.id.service}

    def change(self, script: str, verb: str) -> bool:
        """Run a script; whether it succeeded. What went wrong is a note. Raises what ends the whole sequence."""
        if self.context.deadline.remaining() < LEAST_TIME:
            raise WaitTimeout(
                f"no time left for {script} {verb}: the limit of {self.context.deadline.what} is over",
                hint=f"raise {verb}_timeout, or find out what takes so long: osvc log",
            )
        reason = self._distrust(script)
        if reason:
            self.context.note(f"{script} was not run: {reason}", "launcher_untrusted", Severity.ERROR)
            return False
        try:
            result = self.context.run(
                script,
                verb,
                timeout=self.resource.seconds("script_timeout"),
                check=False,
                env=self._env,
                leaves_daemons=True,
            )
        except CommandError as error:
            self.context.note(f"{script} {verb}: {error.message}", error.code, Severity.WARNING)
            return False
        if result.rc != 0:
            text = f"{script} {verb} ended with status {result.rc}: {_last_line(result)}"
            self.context.note(text, "launcher_failed", Severity.WARNING)
        return result.rc == 0

    def check(self, script: str) -> _Checked:
        """What a check script says. Raises what ends the whole sequence."""
        reason = self._distrust(script)
        if reason:
            return _unknown(f"{script} was not run: {reason}", "launcher_untrusted")
        try:
            result = self.context.query(
                script, "status", timeout=self.resource.seconds("check_timeout"), check=False, env=self._env
            )
        except CommandError as error:
            return _unknown(f"{script}: {error.message}", error.code)
        if result.rc < 0 or result.rc in {126, 127}:
            return _unknown(f"{script} status could not run: status {result.rc}: {_last_line(result)}", "check_failed")
        if result.rc == 0:
            return _Checked(Status.UP)
        text = f"{script} status ended with {result.rc}: {_last_line(result)}"
        return _Checked(Status.DOWN, Note(text, "check_down"))


def _open(resource: Resource, context: Context) -> _Place:
    """Where the launchers run. Raises ActionError for a guest that cannot be asked, Undetermined in a dry run."""
    named = resource.text("scripts").rstrip("/")
    if not resource.container:
        return _Place(resource, context, named or str(context.service_folder(resource).absolute()))
    return _Place(resource, context.guest(resource), named or GUEST_FOLDER)


def _is_guest_gone(resource: Resource, context: Context) -> bool:
    """Whether the guest was down before the first step, and this run has not started it since."""
    container = context.container_of(resource)
    report = context.statuses.get(container.id)
    if report is None or not report.status.is_down:
        return False
    if context.is_dry_run:
        return True
    # A container of a third party may have neither keyword.
    address = container.options.get("hostname") or container.options.get("name") or container.id.service
    try:
        return not context.network.ping(str(address))
    except Cancelled:
        raise
    except ActionError:
        return True


def _check(resource: Resource, context: Context) -> StatusReport:
    """Status of one resource."""
    if resource.container:
        container = context.container_of(resource).id
        report = context.statuses.get(container)
        if report is None or report.status is Status.UNDEF:
            return StatusReport.undef(f"cannot tell whether {container.rid} is up", "container_undef")
        if not is_guest_running(report):
            return StatusReport(Status.NA)
    try:
        place = _open(resource, context)
    except ActionError as error:
        if error.code == "no_shell":
            return StatusReport(Status.NA)
        raise
    return _sum_up([place.check(script) for script in choose(place.list(), "C")])


def _sum_up(checks: Sequence[_Checked]) -> StatusReport:
    """One report of many checks: one that cannot be told never counts as down."""
    states = {check.state for check in checks}
    notes = tuple(check.note for check in checks if check.note is not None)
    if not states:
        return StatusReport(Status.NA)
    if len(states) == 1:
        return StatusReport(states.pop(), notes)
    return StatusReport(Status.WARN if Status.UP in states else Status.UNDEF, notes)


def _unknown(text: str, code: str) -> _Checked:
    return _Checked(Status.UNDEF, Note(text, code, Severity.WARNING))


def _last_line(result: CommandResult) -> str:
    lines = (result.stderr.strip() or result.stdout.strip()).splitlines()
    return lines[-1].strip()[:200] if lines else "it said nothing"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
