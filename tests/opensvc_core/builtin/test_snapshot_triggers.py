"""Commands around snapshots: run as words, one copy at a time, the second in any case."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from opensvc_core.builtin.snapshot_triggers import refuse_triggers, triggered
from opensvc_core.clock import Cancel
from opensvc_core.errors import ActionError, Cancelled
from opensvc_core.model import Phase, Resource, ResourceId, Severity
from opensvc_core.recording import Recording
from tests.opensvc_core.world import World

pytestmark = pytest.mark.simulated


def resource(before: str = "rest 'a b' $HOME;x", after: str = "wake") -> Resource:
    options = {"presnap_trigger": before, "postsnap_trigger": after, "snap_trigger_timeout": 20.0}
    return Resource(ResourceId("web", "sync#1"), "sync.rsync", options, phase=Phase.REPLICATION)


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    for name in ("rest", "wake"):
        record = (
            f'printf "%s|" {name} "$OPENSVC_SVCNAME" "$OPENSVC_RID" "$@" >>{tmp_path}/calls; echo >>{tmp_path}/calls'
        )
        world.simulate(name, f"#!/bin/sh\n{record}\n[ ! -e {tmp_path}/{name}.fails ] || {{ echo no >&2; exit 3; }}\n")
    return world


def calls(world: World) -> list[str]:
    path = world.folder / "calls"
    return path.read_text().splitlines() if path.exists() else []


RESTED, WOKEN = "rest|web|sync#1|a b|$HOME;x|", "wake|web|sync#1|"


def test_they_are_run_around_and_no_shell_reads_them(world: World) -> None:
    with triggered(resource(), world.context("sync")):
        assert calls(world) == [RESTED]
    assert calls(world) == [RESTED, WOKEN]
    with triggered(resource("", ""), world.context("sync")):
        pass
    assert calls(world) == [RESTED, WOKEN]


def test_the_first_that_fails_stops_it_and_what_it_perhaps_did_is_undone(world: World) -> None:
    (world.folder / "rest.fails").touch()
    with (
        pytest.raises(ActionError, match=r"presnap_trigger: .* ended with status 3: no") as caught,
        triggered(resource(), world.context("sync")),
    ):
        pytest.fail("it was entered")
    assert caught.value.code == "snap_trigger"
    assert calls(world) == [RESTED, WOKEN]


def test_the_second_is_run_where_snapshots_fail_or_are_cancelled_and_its_own_failure_is_told(world: World) -> None:
    (world.folder / "wake.fails").touch()
    world.cancel = Cancel()
    context = world.context("sync")

    def end() -> None:
        world.cancel.set("enough")
        context.run("true")

    with pytest.raises(Cancelled, match="enough"), triggered(resource(), context):
        end()
    assert calls(world) == [RESTED, WOKEN]
    (note,) = context.notes
    assert (note.code, note.severity) == ("snap_trigger", Severity.WARNING)
    assert "see whether the application is still at rest" in note.text


def test_copies_of_one_service_take_turns(world: World) -> None:
    second = threading.Event()

    def other() -> None:
        with triggered(resource(), world.context("sync")):
            second.set()

    with triggered(resource(), world.context("sync")):
        thread = threading.Thread(target=other)
        thread.start()
        assert calls(world) == [RESTED]
        assert not second.is_set()
    thread.join(20)
    assert calls(world) == [RESTED, WOKEN, RESTED, WOKEN]


def test_a_dry_run_prints_them(world: World) -> None:
    recording = Recording()
    with triggered(resource(), world.context("sync", recording)):
        pass
    assert [line.argv for line in recording.commands] == [("rest", "a b", "$HOME;x"), ("wake",)]
    assert calls(world) == []


def test_quotes_without_an_end_are_refused() -> None:
    assert (
        refuse_triggers(resource("rest 'a")) == "presnap_trigger: it cannot be split into words: No closing quotation"
    )
    assert refuse_triggers(resource()) == ""
