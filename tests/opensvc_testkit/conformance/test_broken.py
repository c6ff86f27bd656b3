"""Each broken driver fails at the check meant for it, and at no other; the good one passes all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

import pytest

from opensvc_testkit.conformance.contract import check_names
from tests.examples.third_party import ThirdParty
from tests.opensvc_testkit.conformance import (
    broken_action,
    broken_batch,
    broken_hand_over,
    broken_identity,
    broken_import,
    broken_inventory,
    broken_keywords,
    broken_life,
    broken_process,
    broken_sleep,
    broken_undetermined,
)
from tests.opensvc_testkit.conformance.good import GoodLamp, VersionlessLamp

MODULES = (
    broken_action,
    broken_batch,
    broken_hand_over,
    broken_identity,
    broken_import,
    broken_inventory,
    broken_keywords,
    broken_life,
    broken_process,
    broken_sleep,
    broken_undetermined,
)
OF_THE_SOURCE = (broken_import, broken_process, broken_sleep)
ALSO: list[tuple[str, type[VersionlessLamp]]] = [case for module in MODULES for case in getattr(module, "ALSO", ())]
BROKEN: dict[str, type[VersionlessLamp]] = {check: made for module in MODULES for check, made in module.BROKEN.items()}
CASES = [*sorted(BROKEN.items()), *ALSO]
EXEMPTIONS = "exemptions_have_reasons"

SUITE = """
    from tests.opensvc_testkit.conformance.lamps import LampContract

    class TestLamp(LampContract):
        driver = "disk.{id}"
        {more}
"""

MODULE = """
    from {module} import {name}

    class Driver({name}):
        commands = {declared!r}
"""


def id_of(made: type) -> str:
    """Type of a driver."""
    return made.__name__.lower()


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Mapping[type, Path]:
    """A folder with the entry point of each: who looks for one does not read sixty."""
    folders = {}
    for number, made in enumerate([*(made for _, made in CASES), GoodLamp]):
        names = vars(import_module(made.__module__)).items()
        name = next(name for name, each in names if each is made)
        # What a driver runs is read in its own module, and nothing of that is inherited.
        declared = vars(made).get("commands", ("lamp",))
        source = MODULE.format(module=made.__module__, name=name, declared=declared)
        folders[made] = tmp_path_factory.mktemp(f"site{number}")
        ThirdParty(f"lamp{number}", {f"disk.{id_of(made)}": "Driver"}, source).unpack(folders[made])
    return folders


Run = Callable[..., tuple[set[str], set[str], str]]


@pytest.fixture
def run(sites: Mapping[type, Path], pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Holds a driver against the contract: checks that passed, checks that failed, and what was printed."""

    def play(made: type, more: str = "") -> tuple[set[str], set[str], str]:
        monkeypatch.syspath_prepend(sites[made])
        return _play(pytester, made, more)

    return play


def _play(pytester: pytest.Pytester, made: type, more: str) -> tuple[set[str], set[str], str]:
    pytester.makepyfile(SUITE.format(id=id_of(made), more=more or "pass"))
    done = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-rA", "--tb=short")
    text = done.stdout.str()
    found: dict[str, set[str]] = {"PASSED": set(), "FAILED": set(), "ERROR": set()}
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word in found and "::test_" in rest:
            found[word].add(rest.split("::test_")[1].split()[0])
    return found["PASSED"], found["FAILED"] | found["ERROR"], text


def test_there_is_a_broken_driver_for_every_check() -> None:
    assert set(BROKEN) | {EXEMPTIONS} == set(check_names())


def test_the_good_driver_passes(run: Run) -> None:
    passed, failed, text = run(GoodLamp)
    assert failed == set()
    assert passed == set(check_names())
    assert f"disk.goodlamp: {len(passed)} passed, 0 failed, 0 exempt" in text


@pytest.mark.parametrize(("check", "made"), CASES)
def test_a_broken_driver_fails_at_its_check_alone(run: Run, check: str, made: type) -> None:
    module = made.__module__
    more = f'source = "{module}"' if module in {each.__name__ for each in OF_THE_SOURCE} else ""
    _, failed, text = run(made, more)
    assert failed == {check}, text


def test_a_check_that_cannot_be_tried_is_not_passed(run: Run) -> None:
    passed, _, text = run(BROKEN["its_hooks_are_those_of_the_core"])
    assert "a_start_brings_it_up" not in passed
    assert "not tried" in text


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ('exempt = {"no_such_check": "it is not there at all"}', "no_such_check"),
        ('auxiliary = {"lamp": ""}', "say why: lamp"),
    ],
)
def test_an_exemption_names_a_check_and_a_reason(run: Run, more: str, word: str) -> None:
    _, failed, text = run(GoodLamp, more)
    assert failed == {EXEMPTIONS}
    assert word in text


def test_an_exemption_is_reported_with_its_reason(run: Run) -> None:
    more = 'exempt = {"a_stop_of_the_unknown_changes_nothing": "every lamp is known"}'
    passed, failed, text = run(BROKEN["a_stop_of_the_unknown_changes_nothing"], more)
    assert failed == set()
    assert len(passed) == len(check_names()) - 1
    assert "exempt: a_stop_of_the_unknown_changes_nothing: every lamp is known" in text
