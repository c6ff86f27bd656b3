"""Installed observers: loaded at the first event, told one after the other, shown where they fail, never in the way."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opensvc_core.actions.agent import Agent
from opensvc_core.actions.opening import installed_observers
from opensvc_core.events import EventKind
from opensvc_core.observers import last_failure
from opensvc_core.registry import OBSERVERS
from opensvc_core.run import RunOutcome
from tests.examples.third_party import ThirdParty
from tests.opensvc_core.actions.files_platform import open_files_agent, write_service

EYES = """
    from opensvc_core.api import hookimpl

    class Eyes:
        seen = []

        @hookimpl
        def attach(self, agent):
            self.seen.append(f"at {agent.node.name}")

        @hookimpl
        def observe(self, event):
            self.seen.append(event.kind.value)

    class Sick:
        @hookimpl
        def observe(self, event):
            raise ValueError("no ink")

    class Mute:
        pass
"""

SLOW = """
    import time
    from opensvc_core.api import hookimpl

    class Slow:
        @hookimpl
        def observe(self, event):
            if event.kind.value == "run_end":
                time.sleep(1.1)
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of `sys.path` with a distribution of observers."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    yield folder
    sys.modules.pop("acme_eyes", None)


def install(site: Path, **observers: str) -> None:
    ThirdParty("acme-eyes", observers, EYES, group=OBSERVERS).unpack(site)


def observed_agent(tmp_path: Path) -> Agent:
    write_service(tmp_path)
    agent = open_files_agent(tmp_path)
    agent.dispatcher.reach_installed = lambda: installed_observers(agent)
    return agent


def test_an_observer_sees_a_run_from_its_begin_to_its_end_and_then_the_state(site: Path, tmp_path: Path) -> None:
    install(site, eyes="Eyes")
    agent = observed_agent(tmp_path)
    assert agent.run(agent.plan("start", [agent.load("svc")])).outcomes == {"svc": RunOutcome.DONE}
    seen = sys.modules["acme_eyes"].Eyes.seen
    assert seen[:2] == ["at n1", "run_begin"]
    assert seen.count("step_begin") == seen.count("step_end") > 0
    assert seen[-2:] == ["run_end", "status"]


def test_who_only_looks_loads_none_as_long_as_nothing_changed(site: Path, tmp_path: Path) -> None:
    install(site, eyes="Eyes")
    agent = observed_agent(tmp_path)
    agent.status([agent.load("svc")])
    assert "acme_eyes" not in sys.modules


@pytest.mark.parametrize(
    ("target", "said"),
    [("Sick", "run_begin: ValueError: no ink"), ("Mute", "lacks the hook observe"), ("Gone", "failed to load")],
)
def test_one_that_fails_is_shown_and_is_in_nobodys_way(site: Path, tmp_path: Path, target: str, said: str) -> None:
    install(site, eyes="Eyes", sick=target)
    agent = observed_agent(tmp_path)
    assert agent.run(agent.plan("start", [agent.load("svc")])).outcomes == {"svc": RunOutcome.DONE}
    assert "run_end" in sys.modules["acme_eyes"].Eyes.seen
    listed = {each.id: each.problem for each in agent.drivers()}
    assert listed["observer.eyes"] == ""
    assert said in listed["observer.sick"]


def test_one_that_sees_a_run_without_failing_is_well_again(site: Path, tmp_path: Path) -> None:
    install(site, eyes="Sick")
    agent = observed_agent(tmp_path)
    agent.run(agent.plan("start", [agent.load("svc")]))
    assert last_failure(agent.node.folders, "eyes") is not None
    ThirdParty("acme-eyes", {"eyes": "Eyes"}, EYES, group=OBSERVERS).unpack(site)
    agent = observed_agent(tmp_path)
    agent.run(agent.plan("stop", [agent.load("svc")]))
    assert last_failure(agent.node.folders, "eyes") is None


def test_one_that_keeps_an_action_waiting_is_shown(site: Path, tmp_path: Path) -> None:
    ThirdParty("acme-eyes", {"slow": "Slow"}, SLOW, group=OBSERVERS).unpack(site)
    agent = observed_agent(tmp_path)
    agent.run(agent.plan("start", [agent.load("svc")]))
    failure = last_failure(agent.node.folders, "slow")
    assert failure is not None
    assert failure.text.startswith("run_end: it took 1.")


def test_the_command_line_tells_installed_observers(site: Path, tmp_path: Path) -> None:
    install(site, eyes="Sick")
    write_service(tmp_path, text="[default]\nservice_type = DEV\nnodes = n1\n")
    done = subprocess.run(
        [sys.executable, "-m", "opensvc_core", "start", "svc"],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(site), "OSVC_ROOT": str(tmp_path), "OSVC_NODE": "n1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "no ink" not in done.stdout + done.stderr
    failure = last_failure(open_files_agent(tmp_path).node.folders, "eyes")
    assert failure is not None
    assert failure.text.startswith(EventKind.RUN_BEGIN.value)
