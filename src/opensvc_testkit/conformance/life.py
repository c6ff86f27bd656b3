"""Checks of start and stop: what they bring about, twice, and where there is nothing to do."""

from __future__ import annotations

from opensvc_core.api import ActionError, Outcome, Resource, Status
from opensvc_testkit.conformance import faults
from opensvc_testkit.conformance.checks import Checks
from opensvc_testkit.conformance.observed_host import is_change
from opensvc_testkit.conformance.requirement import attempt, require
from opensvc_testkit.conformance.stage import Stage, changes


class Life(Checks):
    """A resource comes up and goes down."""

    def test_what_is_down_is_told_down(self, stage: Stage) -> None:
        """The platform's resource is down and the platform is well."""
        report = stage.status(resource := stage.resource())[resource.id]
        require(report.status is Status.DOWN, f"the platform's resource is down, and the driver says {report}")

    def test_a_start_brings_it_up(self, stage: Stage) -> None:
        """The outcome says that it was changed, and a status says up."""
        outcome = stage.start(resource := stage.resource())
        require(outcome.is_changed, f"a start of what was down gave {outcome}, as if it had been up")
        report = stage.status(resource)[resource.id]
        require(report.status is Status.UP, f"started ({outcome.text}), and the driver says {report}")

    def test_a_second_start_changes_nothing(self, stage: Stage) -> None:
        """It is up already: unchanged, no changing command, the platform as before."""
        stage.bring(resource := stage.resource(), Status.UP)
        _nothing_happens(stage, resource, "start", "is up already")

    def test_a_stop_brings_it_down(self, stage: Stage) -> None:
        """The outcome says that it was changed, and a status says down."""
        stage.bring(resource := stage.resource(), Status.UP)
        outcome = stage.stop(resource)
        require(outcome.is_changed, f"a stop of what was up gave {outcome}, as if it had been down")
        report = stage.status(resource)[resource.id]
        require(report.status is Status.DOWN, f"stopped ({outcome.text}), and the driver says {report}")

    def test_a_stop_of_what_is_down_changes_nothing(self, stage: Stage) -> None:
        """It is down already: unchanged, no changing command, the platform as before."""
        _nothing_happens(stage, stage.resource(), "stop", "is down already")

    def test_a_stop_of_the_unknown_changes_nothing(self, stage: Stage) -> None:
        """What the platform has never heard of is down: unchanged, no changing command."""
        _nothing_happens(stage, stage.unknown(), "stop", "is not known to the platform")

    def test_a_start_without_effect_fails(self, stage: Stage) -> None:
        """The tool says that all is well and has done nothing: a start looks, and says so."""
        _no_effect(stage, stage.resource(), "start")

    def test_a_stop_without_effect_fails(self, stage: Stage) -> None:
        """The tool says that all is well and has done nothing: a disk is not let go for its word."""
        stage.bring(resource := stage.resource(), Status.UP)
        _no_effect(stage, resource, "stop")


def _act(stage: Stage, resource: Resource, action: str) -> Outcome:
    return stage.start(resource) if action == "start" else stage.stop(resource)


def _nothing_happens(stage: Stage, resource: Resource, action: str, why: str) -> None:
    before = stage.platform.state()
    with stage.observation.watching() as seen:
        error, outcome = attempt(lambda: _act(stage, resource, action))
    ran = changes(seen)
    require(error is None, f"a {action} of what {why} raised {error!r}")
    is_unchanged = isinstance(outcome, Outcome) and not outcome.is_changed
    require(is_unchanged, f"a {action} of what {why} gave {outcome}, not `Outcome.unchanged`")
    require(not ran, f"a {action} of what {why} ran `{ran[0] if ran else ''}`")
    require(stage.platform.state() == before, f"a {action} of what {why} left the platform other than it was")


def _no_effect(stage: Stage, resource: Resource, action: str) -> None:
    with stage.observation.struck(faults.have_no_effect, is_change), stage.observation.replaying():
        try:
            outcome = _act(stage, resource, action)
        except ActionError:
            return
    require(
        not outcome.is_changed,
        f"the commands of a {action} had no effect, and it gave {outcome}: look before you say that it is done",
    )
