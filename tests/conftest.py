"""Settings of the whole test run: its tiers, its seed and how hard the property tests try."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import hypothesis
import pytest

from tests.figures import Figures
from tests.tiers import FOLDERS, KIT, LAB_SHARES, WALKS, WHOLE_RUNS, Tiers, is_true

RUNS_KEY = pytest.StashKey[int]()
SEED_KEY = pytest.StashKey[int]()
FIGURES_KEY = pytest.StashKey[Figures]()
EXAMPLES = 100


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the tiers; take `OSVC_RUNS` and `OSVC_SEED`, and hand the seed to hypothesis."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # Started in the background of a shell: what is ignored here would be ignored by every command under test.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    runs = int(os.environ.get("OSVC_RUNS") or 1)
    seed = int(os.environ.get("OSVC_SEED") or random.SystemRandom().getrandbits(32))
    if runs < 1:
        message = f"OSVC_RUNS must be 1 or more, not {runs}"
        raise pytest.UsageError(message)
    config.stash[RUNS_KEY] = runs
    config.stash[SEED_KEY] = seed
    config.stash[FIGURES_KEY] = Figures(seed, runs)
    config.pluginmanager.register(config.stash[FIGURES_KEY], "opensvc-figures")
    everything = not config.option.keyword and config.args_source is config.ArgsSource.TESTPATHS
    tiers = Tiers(
        strict=is_true(os.environ.get("CI", "")),
        whole=everything and config.option.markexpr in WHOLE_RUNS,
        share=everything and config.option.markexpr in LAB_SHARES,
    )
    config.pluginmanager.register(tiers, "opensvc-tiers")
    # No deadline: a busy machine is not a defect. `print_blob` gives the line that repeats a failure.
    hypothesis.settings.register_profile("opensvc", deadline=None, max_examples=EXAMPLES * runs, print_blob=True)
    hypothesis.settings.load_profile("opensvc")
    if config.option.hypothesis_seed is None:
        config.option.hypothesis_seed = str(seed)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark by folder what the shares of a run tell apart, before `-m` chooses; leave out what is for many rounds."""
    if config.stash[RUNS_KEY] == 1 and (long := [item for item in items if item.get_closest_marker("soak")]):
        items[:] = [item for item in items if item not in long]
        config.hook.pytest_deselected(items=long)
    for item in items:
        if WALKS & set(item.path.parts):
            item.add_marker("walks")
        if KIT in item.path.parts and item.get_closest_marker("simulated"):
            item.add_marker("kit")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Pass over folders that hold nothing of the share that runs."""
    folders = FOLDERS.get(config.option.markexpr)
    here = Path(__file__).parent
    if folders is None or here not in collection_path.parents:
        return None
    return True if collection_path.relative_to(here).parts[0] not in folders else None


def pytest_report_header(config: pytest.Config) -> str:
    """What repeats this run."""
    return f"OSVC_RUNS={config.stash[RUNS_KEY]} OSVC_SEED={config.stash[SEED_KEY]} (set both to repeat this run)"


@pytest.fixture(scope="session")
def osvc_runs(pytestconfig: pytest.Config) -> int:
    """How many rounds a test with chance in it plays: `OSVC_RUNS`, by default 1."""
    return pytestconfig.stash[RUNS_KEY]


@pytest.fixture(scope="session")
def osvc_figures(pytestconfig: pytest.Config) -> Figures:
    """Where a test tells what is worth keeping: printed at the end, whatever the flags, and written to a file."""
    return pytestconfig.stash[FIGURES_KEY]


@pytest.fixture
def osvc_random(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> random.Random:
    """A source of chance of the test's own, the same again for the same `OSVC_SEED`."""
    return random.Random(f"{pytestconfig.stash[SEED_KEY]} {request.node.nodeid}")
