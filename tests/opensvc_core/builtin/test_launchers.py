"""Launchers as real scripts: on this node, and in a guest behind a simulated ssh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from opensvc_core.builtin.launchers import Launchers
from opensvc_core.errors import ActionError, Cancelled, Undetermined, WaitTimeout
from opensvc_core.host.processes import find_by_marker
from opensvc_core.model import Note, Outcome, Severity, Status, StatusReport
from opensvc_core.recording import Recording
from tests.opensvc_core.world import CONTAINER, World

if TYPE_CHECKING:
    from pathlib import Path

    from opensvc_core.context import Context
    from opensvc_core.model import Resource

pytestmark = pytest.mark.simulated

DRIVER = Launchers()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture(params=["here", "guest"])
def app(request: pytest.FixtureRequest, world: World) -> Resource:
    """The same launchers, on this node and in a guest."""
    return add(world) if request.param == "here" else add(world, container="container#0", scripts=folder(world))


def add(world: World, *, container: str = "", scripts: str = "", **limits: float) -> Resource:
    timeouts = {"script_timeout": 20.0, "check_timeout": 20.0, "start_timeout": 60.0, "stop_timeout": 60.0, **limits}
    return world.add(f"app#{len(world.resources)}", "app.launchers", container=container, scripts=scripts, **timeouts)


def folder(world: World) -> str:
    path = world.folder / "etc/vm188.d"
    path.mkdir(parents=True, exist_ok=True)
    return str(path)


def write(world: World, name: str, body: str = "", mode: int = 0o755) -> Path:
    """A launcher that keeps a record of its calls, then does what the body says."""
    path = world.folder / "etc/vm188.d" / name
    folder(world)
    path.write_text(f'#!/bin/sh\necho "{name} $*" >>{world.folder}/calls\n{body}\n')
    path.chmod(mode)
    return path


def calls(world: World) -> list[str]:
    record = world.folder / "calls"
    return record.read_text().splitlines() if record.exists() else []


def start(world: World, app: Resource) -> tuple[Outcome, list[Note]]:
    context = world.context("start")
    return DRIVER.start(app, context), context.notes


def stop(world: World, app: Resource) -> tuple[Outcome, list[Note]]:
    context = world.context("stop")
    return DRIVER.stop(app, context), context.notes


def ask(world: World, app: Resource) -> StatusReport:
    return dict(DRIVER.status([app], world.context()))[app.id]


def test_start_runs_start_scripts_in_order(world: World, app: Resource) -> None:
    for name in ("S20b", "S10a", "K05x", "C01c", "S30c", "README"):
        write(world, name, "[ $1 != status ]")
    outcome, notes = start(world, app)
    assert calls(world) == ["C01c status", "S10a start", "S20b start", "S30c start"]
    assert outcome == Outcome.changed("3 of 3 start scripts succeeded")
    assert notes == []


def test_stop_runs_stop_scripts_in_order(world: World, app: Resource) -> None:
    world.network.answers["vm188"] = True
    for name in ("K20b", "K10a", "S05x", "C01c"):
        write(world, name)
    outcome, notes = stop(world, app)
    assert calls(world) == ["K10a stop", "K20b stop"]
    assert outcome.is_changed
    assert notes == []


def test_scripts_are_told_the_service(world: World, app: Resource) -> None:
    write(world, "S10a", f"echo $OPENSVC_SVCNAME >>{world.folder}/calls")
    start(world, app)
    assert calls(world) == ["S10a start", "vm188"]


def test_a_failing_script_is_a_warning_and_the_next_one_is_run(world: World, app: Resource) -> None:
    write(world, "S10a", "echo out; echo no database >&2; exit 7")
    write(world, "S20b")
    outcome, notes = start(world, app)
    assert calls(world) == ["S10a start", "S20b start"]
    assert outcome == Outcome.changed("1 of 2 start scripts succeeded")
    assert [(note.code, note.severity) for note in notes] == [("launcher_failed", Severity.WARNING)]
    assert "status 7: no database" in notes[0].text


def test_a_script_that_hangs_is_ended_and_the_next_one_is_run(world: World) -> None:
    app = add(world, script_timeout=1.5)
    write(world, "S10a", f"export HUNG={world.folder}; sh -c 'sleep 100 & sleep 100'")
    write(world, "S20b")
    outcome, notes = start(world, app)
    assert calls(world) == ["S10a start", "S20b start"]
    assert outcome.text == "1 of 2 start scripts succeeded"
    assert [(note.code, note.severity) for note in notes] == [("command_timeout", Severity.WARNING)]
    assert find_by_marker("HUNG", str(world.folder)) == []


def test_a_script_that_hangs_in_the_guest_is_ended_there(world: World) -> None:
    app = add(world, container="container#0", scripts=folder(world), script_timeout=3.0)
    write(world, "S10a", f"export HUNG={world.folder}; sh -c 'sleep 100 & sleep 100'")
    write(world, "S20b")
    _, notes = start(world, app)
    assert calls(world) == ["S10a start", "S20b start"]
    assert "was ended there" in notes[0].text
    assert find_by_marker("HUNG", str(world.folder)) == []


def test_all_scripts_together_have_a_limit(world: World) -> None:
    for name in ("S10a", "S20b", "K10a", "K20b"):
        write(world, name, "sleep 100")
    app = add(world, start_timeout=2.5, stop_timeout=2.5)
    with pytest.raises(WaitTimeout, match="S20b start: the limit of the start scripts of vm188/app#1 is over"):
        start(world, app)
    outcome, notes = stop(world, app)
    assert outcome == Outcome.changed("0 of 2 stop scripts succeeded"), "a stop goes on"
    assert [note.code for note in notes] == ["command_timeout", "launchers_skipped"]
    assert "K20b stop" in notes[1].text
    assert calls(world) == ["S10a start", "K10a stop"]


def test_a_script_that_is_not_executable_is_a_warning(world: World, app: Resource) -> None:
    write(world, "S10a", mode=0o644)
    write(world, "S20b")
    outcome, notes = start(world, app)
    assert calls(world) == ["S20b start"]
    assert outcome.is_changed
    assert [note.code for note in notes] == ["command_not_found"]


def test_a_script_may_leave_a_daemon_that_keeps_its_output(world: World, app: Resource) -> None:
    write(world, "S10a", f"sleep 100 & echo $! >{world.folder}/pid")
    start(world, app)
    world.context().query("kill", (world.folder / "pid").read_text().strip())


def test_a_script_that_others_can_write_is_not_run_here(world: World) -> None:
    write(world, "S10a", mode=0o777)
    write(world, "C10a", mode=0o777)
    write(world, "S20b")
    app = add(world)
    _, notes = start(world, app)
    assert calls(world) == ["S20b start"]
    assert [(note.code, note.severity) for note in notes] == [("launcher_untrusted", Severity.ERROR)]
    assert ask(world, app).status is Status.UNDEF


def test_what_is_up_already_is_not_started_again(world: World, app: Resource) -> None:
    write(world, "S10a")
    write(world, "C10a")
    outcome, _ = start(world, app)
    assert outcome == Outcome.unchanged("up already, say 1 check")
    assert calls(world) == ["C10a status"]


def test_without_scripts_nothing_is_changed(world: World, app: Resource) -> None:
    world.network.answers["vm188"] = True
    assert not start(world, app)[0].is_changed
    assert not stop(world, app)[0].is_changed
    assert ask(world, app) == StatusReport(Status.NA)


def test_an_absent_folder_is_an_empty_one(world: World) -> None:
    for app in (add(world), add(world, container="container#0", scripts=str(world.folder / "absent"))):
        assert not start(world, app)[0].is_changed
        assert ask(world, app).status is Status.NA


def test_launchers_of_a_guest_lie_where_the_cookbook_says(world: World) -> None:
    start(world, add(world, container="container#0"))
    assert "/svc/etc/init.d/." in (world.folder / "ssh.argv").read_text()


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((0, 0), Status.UP),
        ((1, 3), Status.DOWN),
        ((0, 1), Status.WARN),
        ((127, 1), Status.UNDEF),
        ((126, 0), Status.WARN),
        ((127,), Status.UNDEF),
    ],
)
def test_status_is_what_the_checks_say(
    world: World, app: Resource, statuses: tuple[int, ...], expected: Status
) -> None:
    for number, status in enumerate(statuses):
        write(world, f"C{number}x", f"exit {status}")
    report = ask(world, app)
    assert report.status is expected
    assert len(report.notes) == sum(status != 0 for status in statuses)
    assert calls(world) == [f"C{number}x status" for number in range(len(statuses))]


def test_a_check_that_hangs_is_not_down(world: World) -> None:
    write(world, "C10a", "sleep 100")
    app = add(world, check_timeout=0.3)
    assert ask(world, app).status is Status.UNDEF
    write(world, "C20b", "exit 1")
    assert ask(world, app).status is Status.UNDEF
    write(world, "C20b", "exit 0")
    assert ask(world, app).status is Status.WARN


def test_a_check_killed_by_a_signal_is_not_down(world: World) -> None:
    write(world, "C10a", "kill -9 $$")
    assert ask(world, add(world)).status is Status.UNDEF


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        (Status.DOWN, Status.NA),
        (Status.WARN, Status.NA),
        (Status.NA, Status.NA),
        (Status.UNDEF, Status.UNDEF),
        (Status.UP, Status.UP),
    ],
)
def test_status_follows_the_guest(world: World, container: Status, expected: Status) -> None:
    write(world, "C10a")
    app = add(world, container="container#0", scripts=folder(world))
    world.says(container)
    assert ask(world, app).status is expected


def test_a_guest_that_cannot_be_asked_is_undef(world: World) -> None:
    world.ssh_fails("echo Connection refused >&2; exit 255")
    report = ask(world, add(world, container="container#0"))
    assert report.status is Status.UNDEF
    assert "Connection refused" in report.notes[0].text


def test_one_hung_guest_does_not_hold_up_the_others(world: World) -> None:
    write(world, "C10a")
    world.ssh_fails('case "$*" in *slow*) exec sleep 100;; esac')
    quick = [add(world, container="container#0", scripts=folder(world)) for _ in range(3)]
    slow = add(world, container="container#0", scripts="/slow")
    context = world.context()
    answers = DRIVER.status([slow, *quick], context)
    first = dict(next(answers) for _ in quick)
    assert {report.status for report in first.values()} == {Status.UP}
    assert set(first) == {app.id for app in quick}
    world.cancel.set("the test is over")
    assert next(answers)[1].status is Status.UNDEF


def test_a_guest_without_shell_is_left_alone(world: World) -> None:
    world.shell = False
    world.network.answers["vm188"] = True
    app = add(world, container="container#0")
    assert not start(world, app)[0].is_changed
    assert not stop(world, app)[0].is_changed
    assert ask(world, app).status is Status.NA


def test_start_fails_when_the_guest_cannot_be_asked(world: World) -> None:
    world.ssh_fails("exit 255")
    with pytest.raises(ActionError):
        start(world, add(world, container="container#0"))


def test_stop_goes_on_when_the_guest_cannot_be_asked(world: World) -> None:
    world.ssh_fails("exit 255")
    outcome, notes = stop(world, add(world, container="container#0"))
    assert not outcome.is_changed
    assert [(note.code, note.severity) for note in notes] == [("launchers_skipped", Severity.WARNING)]


def test_stop_of_a_guest_that_is_down_asks_nobody(world: World) -> None:
    world.says(Status.DOWN)
    outcome, notes = stop(world, add(world, container="container#0"))
    assert (outcome.is_changed, notes) == (False, [])
    assert not (world.folder / "ssh.argv").exists()


def test_the_way_back_stops_what_this_run_started_in_a_guest_that_was_down_before(world: World) -> None:
    world.says(Status.DOWN)
    world.network.answers["vm188"] = True
    write(world, "K10a")
    outcome, _ = stop(world, add(world, container="container#0", scripts=folder(world)))
    assert outcome.is_changed
    assert calls(world) == ["K10a stop"]


def test_a_cancelled_run_begins_no_further_script(world: World, app: Resource) -> None:
    write(world, "S10a")
    world.cancel.set("SIGINT")
    for action in (DRIVER.start, DRIVER.stop):
        if app.container or action is DRIVER.start:
            with pytest.raises(Cancelled):
                action(app, world.context("start"))
    assert calls(world) == []


def dry(world: World, action: str) -> tuple[Context, Recording]:
    recording = Recording()
    return world.context(action, recording), recording


def test_a_dry_run_shows_the_scripts_and_runs_none(world: World, app: Resource) -> None:
    write(world, "S10a")
    write(world, "S20b")
    context, recording = dry(world, "start")
    DRIVER.start(app, context)
    assert [line.argv[-1] for line in recording.commands] == ["start", "start"]
    assert calls(world) == []


def test_a_dry_run_of_a_guest_that_is_down_says_what_it_depends_on(world: World) -> None:
    world.says(Status.DOWN)
    app = add(world, container="container#0")
    with pytest.raises(Undetermined, match="container#0 being up"):
        DRIVER.start(app, dry(world, "start")[0])
    assert not DRIVER.stop(app, dry(world, "stop")[0]).is_changed


def test_a_guest_that_only_starts_by_itself_at_boot_is_asked(world: World) -> None:
    write(world, "C10a")
    world.statuses[CONTAINER] = StatusReport(Status.WARN, (Note("on", "autostart", Severity.WARNING),))
    assert ask(world, add(world, container="container#0", scripts=folder(world))).status is Status.UP
