"""Checks of the class itself: entry point, API version, hooks, no state, declared commands."""

from __future__ import annotations

import pytest

from opensvc_core.actions.drivers import declared_commands
from opensvc_core.api import API_VERSION, DriverError, Status
from opensvc_core.dispatcher import Dispatcher
from opensvc_testkit.conformance.checks import Checks
from opensvc_testkit.conformance.observed_host import program
from opensvc_testkit.conformance.requirement import require
from opensvc_testkit.conformance.stage import MadeBy, Stage


class Identity(Checks):
    """What is known of a driver before it does anything."""

    def test_it_is_installed_and_loads(self) -> None:
        """One distribution gives the id, and the class behind its entry point can be imported."""
        try:
            self.registry().load(self.driver)
        except DriverError as error:
            pytest.fail(f"{error}\n{error.hint}", pytrace=False)

    def test_it_says_which_api_it_is_for(self) -> None:
        """``api_version`` is set, so that a core with another API refuses it with words."""
        try:
            made = self.registry().load(self.driver)
        except DriverError as error:
            pytest.skip(f"not tried: {error}")
        require(
            getattr(made, "api_version", None) == API_VERSION,
            f"set `api_version = {API_VERSION}` in {made.__name__}",
        )

    def test_its_hooks_are_those_of_the_core(self) -> None:
        """Each method with ``@hookimpl`` is a hook, with arguments of that hook; start, stop and status are there."""
        try:
            made = self.registry().load(self.driver)
        except DriverError as error:
            pytest.skip(f"not tried: {error}")
        try:
            Dispatcher(MadeBy(made)).describe(self.driver)
        except DriverError as error:
            pytest.fail(str(error), pytrace=False)

    def test_it_keeps_no_state(self, stage: Stage) -> None:
        """What one instance started, another one sees and stops: each command is a process of its own."""
        resource = stage.resource()
        stage.start(resource)
        stage.renew()
        told = stage.state_of(resource)
        require(told is Status.UP, f"another instance of the driver says {told.value} of what was just started")
        stage.stop(resource)
        stage.renew()
        told = stage.state_of(resource)
        require(told is Status.DOWN, f"another instance of the driver says {told.value} of what was just stopped")

    def test_its_commands_are_declared(self, stage: Stage) -> None:
        """``commands`` names what it runs on the node, so that ``osvc driver list`` can say what is missing."""
        resource = stage.resource()
        with stage.observation.watching() as seen:
            stage.start(resource)
            stage.status(resource)
            stage.stop(resource)
        used = {program(each.command) for each in seen if each.host == stage.host.name and not each.is_inner}
        undeclared = sorted(used - set(declared_commands(self.entry_point())))
        require(
            not undeclared,
            f"it runs {', '.join(undeclared)}; add that to `commands`, a tuple of words in the body of the class",
        )
