"""What a cut run left behind on a system without ``/proc``: a change that cannot be looked for may still be at work."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_core.actions.agent import Agent
from opensvc_core.actions.leftovers import tidy
from opensvc_core.clock import Cancel
from opensvc_core.host import Command, processes
from opensvc_core.journal import RunHeader
from opensvc_core.model import ResourceId
from opensvc_core.plan import Step
from tests.opensvc_core.actions.files_platform import open_files_agent, write_service


def cut_run(root: Path, *, changes: bool) -> Agent:
    """A node on which a run was killed between writing its command down and starting it, as far as anybody knows."""
    write_service(root)
    agent = open_files_agent(root)
    resource = agent.load("svc").resource("disk#1")
    header = RunHeader("r0", "start", ("svc",), "ann", 1 << 22, "n1", "", agent.node.boot_id, (), "{}", 1.0)
    agent.journal.begin_run(header)
    step = Step("start svc/disk#1", "start", resource, "n1")
    agent.journal.begin_step("r0", step, is_way_back=False)
    command = Command(("hpvmstart", "-P", "vm188"), changes=changes)
    agent.journal.begin_command("r0", step, "n1", command, "r0.0")
    return agent


@pytest.mark.parametrize(
    ("has_proc", "changes", "is_unsettled"), [(False, True, True), (False, False, False), (True, True, False)]
)
def test_a_change_without_a_process_is_unsettled_where_nobody_can_look_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_proc: bool, changes: bool, is_unsettled: bool
) -> None:
    if not has_proc:
        monkeypatch.setattr(processes, "PROC", tmp_path / "no proc")
    agent = cut_run(tmp_path, changes=changes)
    found = tidy(agent, "svc", "r1", Cancel(), 0.1)
    assert found.unsettled == (frozenset({ResourceId("svc", "disk#1")}) if is_unsettled else frozenset())
