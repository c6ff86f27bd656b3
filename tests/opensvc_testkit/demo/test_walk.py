"""A walk ends at the first command that does not do what it should."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from opensvc_testkit.demo.service import SERVICE
from opensvc_testkit.demo.simulation import SimulatedStage, simulate
from opensvc_testkit.demo.walk import Scene, WalkError, play

pytestmark = pytest.mark.simulated

CREATE = Scene("", f"osvc config create {SERVICE} --from {SERVICE}.env")


@pytest.fixture
def simulated(tmp_path: Path) -> SimulatedStage:
    return simulate(tmp_path, boot_time=0, shutdown_time=0)


def test_stories_and_commands_are_shown_before_what_they_print(
    simulated: SimulatedStage, capfd: pytest.CaptureFixture[str]
) -> None:
    play([Scene("A story\nof two lines.", "echo told"), Scene("", "echo $OSVC_NODE")], simulated.stage, SERVICE)
    assert capfd.readouterr().out == "\nA story of two lines.\n\n$ echo told\ntold\n\n$ echo $OSVC_NODE\nnode109\n"


@pytest.mark.parametrize(("line", "status"), [("false", 0), ("true", 1), ("no-such-command", 0)])
def test_another_exit_status_ends_the_walk(simulated: SimulatedStage, line: str, status: int) -> None:
    mark = simulated.stage.folder / "went-on"
    with pytest.raises(WalkError, match="ended with"):
        play([Scene("", line, status), Scene("", f"touch {mark.name}")], simulated.stage, SERVICE)
    assert not mark.exists()


def test_another_state_than_promised_ends_the_walk(simulated: SimulatedStage) -> None:
    play([CREATE, Scene("", "true", leaves="down")], simulated.stage, SERVICE)
    with pytest.raises(WalkError, match="vm188 is down, not up"):
        play([Scene("", "true", leaves="up")], simulated.stage, SERVICE)


def test_a_state_that_cannot_be_asked_ends_the_walk(simulated: SimulatedStage) -> None:
    with pytest.raises(WalkError, match="cannot be asked"):
        play([Scene("", "true", leaves="up")], simulated.stage, SERVICE)


def test_a_command_that_hangs_is_ended(simulated: SimulatedStage) -> None:
    pid = simulated.stage.folder / "pid"
    with pytest.raises(WalkError, match="did not end within"):
        play([Scene("", "sh -c 'echo $$ > pid; exec sleep 600'", limit=0.5)], simulated.stage, SERVICE)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_what_happens_behind_the_scenes_happens_before_the_command(simulated: SimulatedStage) -> None:
    folder = simulated.stage.folder
    play([Scene("", "test -e ready", before=(folder / "ready").touch)], simulated.stage, SERVICE)


def test_an_unplugged_guest_boots_and_is_not_heard_of(simulated: SimulatedStage) -> None:
    ping = f"ping -c 1 -W 1 {SERVICE}"
    play([Scene("", f"virsh start {SERVICE}"), Scene("", ping)], simulated.stage, SERVICE)
    simulated.unplug()
    play([Scene("", f"virsh domstate {SERVICE}")], simulated.stage, SERVICE)
    with pytest.raises(WalkError):
        play([Scene("", f"ping -c 1 -W 1 {_address(simulated)}")], simulated.stage, SERVICE)
    simulated.plug()
    play([Scene("", ping)], simulated.stage, SERVICE)


def _address(simulated: SimulatedStage) -> str:
    lines = (simulated.stage.root / "etc" / "hosts").read_text().splitlines()
    return next(line.split()[0] for line in lines if SERVICE in line.split())
