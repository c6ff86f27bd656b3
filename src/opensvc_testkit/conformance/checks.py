"""What all checks stand on: the words of the author, the fixtures, and what is told of exemptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from opensvc_core.api import OpenSVCError
from opensvc_core.dispatcher import Dispatcher
from opensvc_core.registry import Registry
from opensvc_testkit.conformance.platform import Platform
from opensvc_testkit.conformance.report import Declared, declare
from opensvc_testkit.conformance.stage import MadeBy, Stage


class Checks:
    """What the author says of a driver.

    Attributes:
        driver: driver id, as its entry point has it.
        exempt: checks that do not apply, by name without ``test_``, each with the reason.
        auxiliary: tools without which a status may still be known, each with the reason.
        lines_stand_alone: tools of whose answer each line is whole by itself, so that nothing shows that the last ones
            are missing, each with the reason.
        source: package whose source is looked at; by default the top-level package of the entry point.
    """

    driver: ClassVar[str]
    exempt: ClassVar[Mapping[str, str]] = {}
    auxiliary: ClassVar[Mapping[str, str]] = {}
    lines_stand_alone: ClassVar[Mapping[str, str]] = {}
    source: ClassVar[str] = ""

    @pytest.fixture
    def platform(self, tmp_path: Path) -> Platform:
        """A world in which the resource is down. Authors write their own."""
        message = f"{type(self).__name__} needs a fixture `platform` that gives a Platform"
        raise NotImplementedError(message)

    @classmethod
    def registry(cls) -> Registry:
        """What is installed, looked up once for all checks of a class: it is the same for each of them."""
        return _installed(cls)[0]

    @classmethod
    def entry_point(cls) -> str:
        """``package.module:Class`` of the driver; empty for one that is not installed."""
        return _installed(cls)[1]

    def make_driver(self, made: type[Any], platform: Platform) -> object:
        """The driver as the agent makes it; override it where parts of the system are handed in."""
        return made()

    @pytest.fixture
    def stage(self, platform: Platform) -> Stage:
        """The driver on its platform; not tried for a driver that cannot be loaded."""
        return Stage(self.driver, platform, self._maker(platform))

    def _maker(self, platform: Platform) -> Callable[[], object]:
        try:
            made = self.registry().load(self.driver)
            Dispatcher(MadeBy(made)).driver(self.driver)
        except OpenSVCError as error:
            pytest.skip(f"not tried: {error}")
        return lambda: self.make_driver(made, platform)

    @pytest.fixture
    def described(self) -> tuple[Any, ...]:
        """The keywords that the driver declares; not tried for a driver that cannot be loaded."""
        try:
            return tuple(self.registry().load(self.driver).keywords)
        except OpenSVCError as error:
            pytest.skip(f"not tried: {error}")
        except AttributeError:
            return ()

    @pytest.fixture(autouse=True)
    def _declared(self, request: pytest.FixtureRequest) -> None:
        """Tell the report of this driver; skip what the author exempts."""
        check = request.node.originalname.removeprefix("test_")
        declare(request.node, Declared(self.driver, self.exempt, self.auxiliary, self.lines_stand_alone))
        if check in self.exempt and not check.startswith("exemptions"):
            pytest.skip(f"exempt: {self.exempt[check]}")


_looked_up: dict[type[Checks], tuple[Registry, str]] = {}


def _installed(checks: type[Checks]) -> tuple[Registry, str]:
    if checks not in _looked_up:
        registry = Registry()
        entries = [each.entry_point for each in registry.listings() if each.id == checks.driver]
        _looked_up[checks] = registry, next(iter(entries), "")
    return _looked_up[checks]
