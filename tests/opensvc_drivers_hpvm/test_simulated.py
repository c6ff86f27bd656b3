"""`container.hpvm` on simulated commands: migration, boot policy, guests that do not obey, many guests at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from opensvc_core.api import LIFE_CYCLE_KEYWORDS, ActionError, Context, Resource, Status
from opensvc_core.clock import Deadline, SystemClock
from opensvc_core.host.local import LocalHost
from opensvc_drivers_hpvm import HpvmContainer
from opensvc_testkit.faults import FaultKind
from opensvc_testkit.platforms.hpux import SimulatedHpux
from opensvc_testkit.simulated import SimulatedCluster
from tests.opensvc_core.hpux.node import context_on, resource_of

pytestmark = pytest.mark.simulated

DEFAULTS = {keyword.name: keyword.default for keyword in LIFE_CYCLE_KEYWORDS}
DRIVER = HpvmContainer()


def guest(name: str = "vm188", rid: str = "container#0", **options: object) -> Resource:
    """A guest whose shell nobody needs."""
    limits = {"start_timeout": 20.0, "stop_timeout": 10.0}
    return resource_of(rid, "container.hpvm", {**DEFAULTS, "name": name, "shell": False, **limits, **options})


@pytest.fixture
def hpux(simulated_cluster: SimulatedCluster) -> SimulatedHpux:
    hpux = SimulatedHpux(simulated_cluster)
    for number, name in enumerate(("node1", "node2"), 1):
        hpux.define_node(name, f"10.0.0.{number}")
        hpux.add_disk(17 + number, {each: [f"/dev/rdsk/c2t0d{number}"] for each in ("node1", "node2")})
    return hpux


@pytest.fixture
def on(hpux: SimulatedHpux, tmp_path: Path) -> Callable[..., Context]:
    def make(node: str, *resources: Resource, action: str = "start") -> Context:
        folder = hpux.install(tmp_path / node, node=node)
        context = context_on(
            LocalHost(node, f"{folder}:/usr/bin:/bin", os_name="HP-UX"), tmp_path, *(resources or (guest(),)),
            action=action,
        )  # fmt: skip
        # Guests boot and stop in the time of this machine.
        context.clock = SystemClock()
        context.deadline = Deadline.after(60, context.clock, "the step")
        return context

    return make


def test_a_guest_moves_while_it_runs(hpux: SimulatedHpux, on: Callable[..., Context]) -> None:
    hpux.define_guest("vm188", nodes=["node1", "node2"], disks=["/dev/rdisk/disk18"], share=True, boot_time=0)
    DRIVER.start(guest(), on("node1"))
    DRIVER.migrate(guest(), "node2", on("node1"))
    assert hpux.cluster.running_on("vm188") == ("node2",)
    assert hpux.guests.state_of("node1", "vm188") == "Off (NR)"
    with pytest.raises(ActionError) as error:
        DRIVER.start(guest(), on("node1"))
    assert "register_status=enabled" in error.value.hint, "the copy that was left is not runnable"
    assert hpux.cluster.running_on("vm188") == ("node2",)


def test_a_migration_that_the_platform_refuses_moves_nothing(hpux: SimulatedHpux, on: Callable[..., Context]) -> None:
    hpux.define_guest(
        "vm188", nodes=["node1"], disks=["/dev/rdisk/disk18"], share=True, boot_time=0, online_migration=False
    )
    DRIVER.start(guest(), on("node1"))
    with pytest.raises(ActionError):
        DRIVER.migrate(guest(), "node2", on("node1"))
    assert hpux.cluster.running_on("vm188") == ("node1",)


def test_boot_policy_auto_is_told_and_taken_back_by_a_start(hpux: SimulatedHpux, on: Callable[..., Context]) -> None:
    hpux.define_guest("vm188", nodes=["node1"], boot="Auto", boot_time=0)
    DRIVER.start(guest(), on("node1"))
    assert hpux.guests.boot_policy("node1", "vm188") == "Manual"
    hpux.guests.change("node1", "vm188", boot="Auto")
    report = dict(DRIVER.status([guest()], on("node1", action="status")))[guest().id]
    assert (report.status, [note.code for note in report.notes]) == (Status.WARN, ["autostart"])


def test_a_guest_that_ignores_the_shutdown_loses_its_power(hpux: SimulatedHpux, on: Callable[..., Context]) -> None:
    hpux.define_guest("vm188", nodes=["node1"], boot_time=0, shutdown_time=None, graceful=0.2)
    DRIVER.start(guest(), on("node1"))
    context = on("node1")
    assert DRIVER.stop(guest(stop_timeout=3.0), context).is_changed
    assert hpux.guests.state_of("node1", "vm188") == "Off"
    assert [note.code for note in context.notes] == ["forced_stop"]


@pytest.mark.parametrize("word", ["Invalid", "Wedged"])
def test_a_state_that_nobody_knows_is_undef(hpux: SimulatedHpux, on: Callable[..., Context], word: str) -> None:
    hpux.define_guest("vm188", nodes=["node1"])
    hpux.guests.change("node1", "vm188", word=word)
    report = dict(DRIVER.status([guest()], on("node1", action="status")))[guest().id]
    assert report.status is Status.UNDEF


def test_a_list_that_ends_after_another_guest_says_nothing_of_this_one(
    hpux: SimulatedHpux, on: Callable[..., Context]
) -> None:
    """Two lines of one length, of which the second is lost: the name is asked for, and that answer is cut, too."""
    hpux.define_guest("vm187", nodes=["node1"])
    hpux.define_guest("vm188", nodes=["node1"], boot_time=0)
    DRIVER.start(guest(), on("node1"))
    hpux.cluster.set_fault("hpvmstatus", FaultKind.PARTIAL)
    report = dict(DRIVER.status([guest()], on("node1", action="status")))[guest().id]
    assert report.status is not Status.DOWN


def test_many_guests_are_one_call(hpux: SimulatedHpux, on: Callable[..., Context]) -> None:
    names = [f"vm{number}" for number in range(30)]
    for name in names:
        hpux.define_guest(name, nodes=["node1"])
    guests = [guest(name, f"container#{number}") for number, name in enumerate(names)]
    context = on("node1", *guests, action="status")
    hpux.cluster.clear_calls()
    reports = dict(DRIVER.status(guests, context))
    assert {report.status for report in reports.values()} == {Status.DOWN}
    assert [call.arguments for call in hpux.cluster.calls("hpvmstatus")] == [("-M",)]
