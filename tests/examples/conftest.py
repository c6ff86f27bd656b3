"""An environment with the wheel of core and with drivers of others, good and broken, beside each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.examples.broken import BROKEN, DISTRIBUTIONS
from tests.examples.installed import EXAMPLE, OBSERVER, Installed
from tests.wheels.distributions import ROOT, Environment, build


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheels of core and of the examples."""
    folder = tmp_path_factory.mktemp("example-wheels")
    build(ROOT / "src" / "opensvc_core", folder, "--wheel")
    build(EXAMPLE, folder)
    build(OBSERVER, folder)
    return folder


@pytest.fixture(scope="session")
def good_environment(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Core and the examples."""
    environment = Environment.create(tmp_path_factory.mktemp("good") / "environment")
    (driver,) = wheels.glob("opensvc_disk_loop-*.whl")
    (observer,) = wheels.glob("opensvc_observer_jsonlines-*.whl")
    environment.install("opensvc-core", str(driver), str(observer), wheels=wheels)
    return environment


@pytest.fixture(scope="session")
def crowded_environment(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Core, the example, and every broken driver of `tests.examples.broken`."""
    assert BROKEN
    folder = tmp_path_factory.mktemp("crowded")
    environment = Environment.create(folder / "environment")
    (example,) = wheels.glob("opensvc_disk_loop-*.whl")
    others = [str(each.wheel(folder)) for each in DISTRIBUTIONS]
    environment.install("opensvc-core", str(example), *others, wheels=wheels)
    return environment


@pytest.fixture
def node(good_environment: Environment, tmp_path: Path) -> Installed:
    """A node that has core and the examples, and no service yet."""
    return Installed(good_environment, tmp_path)


@pytest.fixture
def crowded_node(crowded_environment: Environment, tmp_path: Path) -> Installed:
    """A node that has the broken drivers too, with a simulated `losetup`."""
    node = Installed(crowded_environment, tmp_path)
    node.simulate_losetup()
    return node
