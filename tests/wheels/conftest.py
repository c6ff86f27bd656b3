"""Builds every distribution once a session."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from attrs import frozen

from tests.wheels.distributions import build, distributions


@frozen
class Built:
    """What one distribution was built into."""

    wheel: Path
    wheel_of_tree: Path
    sdist: Path


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist of every distribution, and the wheel built from that sdist."""
    folder = tmp_path_factory.mktemp("wheelhouse")
    for each in distributions():
        build(each.folder, folder)
    return folder


@pytest.fixture(scope="session")
def built(wheelhouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Built]:
    """By the name of each distribution: its sdist, its wheel, and the wheel built straight from the tree."""
    straight = tmp_path_factory.mktemp("straight")
    found = {}
    for each in distributions():
        build(each.folder, straight, "--wheel")
        (wheel,) = wheelhouse.glob(f"{each.file_name}-[0-9]*.whl")
        (wheel_of_tree,) = straight.glob(f"{each.file_name}-[0-9]*.whl")
        (sdist,) = wheelhouse.glob(f"{each.file_name}-[0-9]*.tar.gz")
        found[each.name] = Built(wheel, wheel_of_tree, sdist)
    return found
