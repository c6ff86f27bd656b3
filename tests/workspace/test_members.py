"""The pyproject files agree: members differ only where they must, and the root knows each of them."""

from __future__ import annotations

import re
import tomllib
from copy import deepcopy
from typing import Any

import pytest

from tests.wheels.distributions import ROOT, Distribution, members

OWN_WORDS = frozenset({"name", "description", "dependencies", "optional-dependencies", "entry-points", "scripts"})
# Of these the demo and the tests are made; a node that runs services has no use for them.
NOT_IN_ALL = frozenset({"opensvc-testkit"})

root = tomllib.loads((ROOT / "pyproject.toml").read_text())
every_member = pytest.mark.parametrize("distribution", members(), ids=lambda each: each.name)


def common_part(distribution: Distribution) -> dict[str, Any]:
    """A member's pyproject without its own words, and with its own paths and names made those of core."""
    settings = deepcopy(distribution.pyproject)
    for word in OWN_WORDS:
        settings["project"].pop(word, None)
    hatch, uv_settings = settings["tool"]["hatch"], settings["tool"]["uv"]
    assert hatch["build"]["targets"]["wheel"].pop("sources") == {"": distribution.file_name}
    version = "__init__.py" if distribution.name == "opensvc-core" else "../opensvc_core/__init__.py"
    assert hatch.pop("version") == {"path": version}
    assert uv_settings.pop("cache-keys") == [{"file": "pyproject.toml"}, {"file": version}]
    uv_settings.pop("sources", None)
    return settings


@every_member
def test_members_differ_only_in_their_own_words(distribution: Distribution) -> None:
    assert common_part(distribution) == common_part(Distribution(ROOT / "src" / "opensvc_core"))


@every_member
def test_a_member_is_named_after_its_folder(distribution: Distribution) -> None:
    assert distribution.file_name == distribution.folder.name


@every_member
def test_a_member_needs_core_of_the_same_series_and_no_other_member(distribution: Distribution) -> None:
    needed = distribution.pyproject["project"]["dependencies"]
    own = [each for each in needed if each.startswith("opensvc")]
    assert own == ([] if distribution.name == "opensvc-core" else root["project"]["dependencies"])


@every_member
def test_the_root_knows_each_member(distribution: Distribution) -> None:
    assert distribution.name in root["tool"]["uv"]["sources"]
    assert distribution.file_name in root["tool"]["importlinter"]["root_packages"]
    if distribution.name == "opensvc-core":
        return
    series = root["project"]["dependencies"][0].removeprefix("opensvc-core")
    extras = root["project"]["optional-dependencies"]
    (extra,) = (name for name, needs in extras.items() if needs == [f"{distribution.name}{series}"])
    brought = set(re.findall(r"[\w-]+", extras["all"][0].partition("[")[2]))
    assert (extra in brought) == (distribution.name not in NOT_IN_ALL)


@every_member
def test_the_contracts_hold_for_each_member(distribution: Distribution) -> None:
    if distribution.name == "opensvc-core":
        return
    contracts = {each["id"]: each for each in root["tool"]["importlinter"]["contracts"]}
    assert distribution.file_name in contracts["core-no-driver"]["forbidden_modules"]
    assert distribution.file_name in contracts["independent"]["modules"]
    if distribution.name not in NOT_IN_ALL:
        assert distribution.file_name in contracts["drivers-api"]["source_modules"]
    for name, contract in contracts.items():
        if name.startswith("only-") and name != "only-journal-sqlite":
            assert distribution.file_name in contract["source_modules"], name


def test_constraints_are_names_and_versions_only() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = [line for line in lines if not line.startswith("#")]
    assert pinned
    assert [line for line in pinned if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line)] == []
    assert [line for line in pinned if line.startswith("opensvc")] == []
