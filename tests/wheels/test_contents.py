"""What lies in each wheel and sdist: all that users need, nothing else, one version."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from email import message_from_bytes
from email.message import Message

import pytest

import opensvc_core
from tests.wheels.conftest import Built
from tests.wheels.distributions import ROOT, Distribution, distributions, members, sdist_files, wheel_files

pytestmark = pytest.mark.wheels

every_distribution = pytest.mark.parametrize("distribution", distributions(), ids=lambda each: each.name)
every_member = pytest.mark.parametrize("distribution", members(), ids=lambda each: each.name)

# Files that are neither modules nor the mark of a typed package, by distribution: what is not named here is a leftover.
TEMPLATES = (
    "README.md",
    "pyproject.toml",
    "package/__init__.py",
    "package/driver.py",
    "package/parse.py",
    "tests/test_contract.py",
    "tests/test_parse.py",
)
DATA: Mapping[str, frozenset[str]] = {
    "opensvc-core": frozenset({"host/guest_gate.sh"}),
    "opensvc-testkit": frozenset(f"new_driver/templates/{name}.in" for name in TEMPLATES),
}


def metadata(built: Built) -> Message:
    with zipfile.ZipFile(built.wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(name))


def expected_wheel(distribution: Distribution) -> set[str]:
    info = f"{distribution.file_name}-{opensvc_core.__version__}.dist-info"
    about = {f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "licenses/LICENSE")}
    if distribution.has_entry_points():
        about.add(f"{info}/entry_points.txt")
    return about | {f"{distribution.file_name}/{name}" for name in distribution.package_files()}


@every_distribution
def test_a_wheel_holds_exactly_its_package(distribution: Distribution, built: Mapping[str, Built]) -> None:
    files = wheel_files(built[distribution.name].wheel)
    assert len(files) == len(set(files))
    assert set(files) == expected_wheel(distribution)


@every_member
def test_a_package_holds_modules_and_the_data_that_is_named(distribution: Distribution) -> None:
    others = {name for name in distribution.package_files() if not name.endswith(".py")} - {"py.typed"}
    assert others == DATA.get(distribution.name, frozenset())


@every_distribution
def test_a_wheel_from_the_tree_is_the_wheel_from_the_sdist(
    distribution: Distribution, built: Mapping[str, Built]
) -> None:
    made = built[distribution.name]
    assert made.wheel_of_tree.read_bytes() == made.wheel.read_bytes()


@every_member
def test_an_sdist_holds_the_package_and_what_builds_it(distribution: Distribution, built: Mapping[str, Built]) -> None:
    files = sdist_files(built[distribution.name].sdist)
    assert len(files) == len(set(files))
    # Hatchling adds the ignore file of the repository to every sdist, so that a build from it leaves out the same.
    about = {"pyproject.toml", "README.md", "LICENSE", "PKG-INFO", ".gitignore"}
    assert set(files) - about == distribution.package_files()
    assert about - set(files) <= {".gitignore"}


def test_the_root_sdist_holds_nothing_of_the_clone_but_its_own(built: Mapping[str, Built]) -> None:
    allowed = {"pyproject.toml", "README.md", "LICENSE", "PKG-INFO", ".gitignore", "src/opensvc_core/__init__.py"}
    assert set(sdist_files(built["opensvc"].sdist)) <= allowed


@every_member
def test_a_package_is_typed_and_has_code(distribution: Distribution, built: Mapping[str, Built]) -> None:
    files = wheel_files(built[distribution.name].wheel)
    assert f"{distribution.file_name}/py.typed" in files
    assert f"{distribution.file_name}/__init__.py" in files


def test_all_have_the_one_version(built: Mapping[str, Built]) -> None:
    assert {name: metadata(each)["Version"] for name, each in built.items()} == dict.fromkeys(
        built, opensvc_core.__version__
    )


@every_distribution
def test_the_metadata_say_what_users_ask(distribution: Distribution, built: Mapping[str, Built]) -> None:
    told = metadata(built[distribution.name])
    assert told["License-Expression"] == "Apache-2.0"
    assert told["Requires-Python"] == ">=3.11"
    assert told["Summary"]
    assert len(str(told.get_payload())) > 200, "its README says what it is for"


@every_member
def test_a_licence_is_the_licence_of_the_whole(distribution: Distribution) -> None:
    # A link would do in the tree, but a link out of its folder makes an sdist that uv refuses to read.
    assert (distribution.folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
