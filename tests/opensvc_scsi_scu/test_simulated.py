"""The reservation algorithm through `scu` on simulated disks of two HP-UX nodes, as an array and as LIO have them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve, frozen

from opensvc_core.api import Context, Device, LogicalUnit, ReservationError
from opensvc_core.backends import ReservationBackends
from opensvc_core.host.local import LocalHost
from opensvc_core.registry import RESERVATIONS, Registry
from opensvc_core.reservation import Claimant, identify_all
from opensvc_testkit.platforms.hpux import WORLDWIDE, SimulatedHpux
from opensvc_testkit.simulated import SimulatedCluster
from tests.opensvc_core.hpux.node import context_on

pytestmark = pytest.mark.simulated

KEYS = {"n1": 0x1111AAAA, "n2": 0x2222BBBB}
PATHS = ["/dev/rdsk/c2t0d6", "/dev/rdsk/c5t0d6"]


@frozen
class Node:
    """One node and what it may do."""

    context: Context
    backends: ReservationBackends
    claimant: Claimant
    units: tuple[LogicalUnit, ...]


@pytest.fixture(params=["array", "lio"])
def hpux(request: pytest.FixtureRequest, simulated_cluster: SimulatedCluster) -> SimulatedHpux:
    hpux = SimulatedHpux(simulated_cluster)
    for name in KEYS:
        hpux.define_node(name, leg_mpath_enable="true")
    hpux.add_disk(18, dict.fromkeys(KEYS, PATHS), target=request.param)
    return hpux


@pytest.fixture
def node(hpux: SimulatedHpux, tmp_path: Path) -> Callable[..., Node]:
    def make(name: str, *, may_preempt: bool = False) -> Node:
        folder = hpux.install(tmp_path / name, node=name)
        context = context_on(LocalHost(name, f"{folder}:/usr/bin:/bin", os_name="HP-UX"), tmp_path)
        backends = ReservationBackends(Registry(RESERVATIONS), ())
        units = identify_all(backends, [Device("/dev/disk/disk18")], context)
        claimant = Claimant(
            backends, context, KEYS[name], lambda _: may_preempt, lambda other: f"{other:#x}", lambda _: True
        )
        return Node(context, backends, claimant, units)

    return make


def disk(hpux: SimulatedHpux) -> str:
    identity = WORLDWIDE.format(18)
    assert hpux.disks.disk(identity)
    return identity


def test_a_disk_is_taken_on_every_path_and_given_up(hpux: SimulatedHpux, node: Callable[..., Node]) -> None:
    mine = node("n1")
    assert mine.units[0].paths == tuple(PATHS)
    assert mine.claimant.take(mine.units)
    assert hpux.disks.keys_of(disk(hpux), "n1") == dict.fromkeys(PATHS, KEYS["n1"])
    assert hpux.disks.writers(disk(hpux)) == ("n1",)
    assert not mine.claimant.take(mine.units)
    assert mine.claimant.give_up(mine.units)
    assert hpux.disks.keys(disk(hpux)) == ()
    assert hpux.disks.holder_of(disk(hpux)) is None


def test_a_loser_leaves_no_key_and_an_heir_of_a_dead_node_is_told(
    hpux: SimulatedHpux, node: Callable[..., Node]
) -> None:
    winner, loser = node("n1"), node("n2")
    winner.claimant.take(winner.units)
    with pytest.raises(ReservationError, match="is reserved by 0x1111aaaa"):
        loser.claimant.take(loser.units)
    assert hpux.disks.keys_of(disk(hpux), "n2") == {}
    heir = evolve(loser, claimant=evolve(loser.claimant, may_preempt=lambda _: True))
    assert heir.claimant.take(heir.units)
    assert hpux.disks.writers(disk(hpux)) == ("n2",)
    assert "preempt_without_abort" in {note.code for note in heir.context.notes}
    assert winner.claimant.give_up(winner.units) is False, "it was told of the preemption, and has nothing left"


def test_what_was_left_by_an_earlier_boot_is_renewed(hpux: SimulatedHpux, node: Callable[..., Node]) -> None:
    before = node("n1")
    before.claimant.take(before.units)
    hpux.reboot_node("n1")
    now = node("n1")
    after = evolve(now, claimant=evolve(now.claimant, made_here=lambda _: False))
    assert after.claimant.take(after.units)
    assert hpux.disks.keys_of(disk(hpux), "n1") == dict.fromkeys(PATHS, KEYS["n1"])
    assert hpux.disks.writers(disk(hpux)) == ("n1",)


def test_a_disk_is_cleared_without_a_command_for_it(hpux: SimulatedHpux, node: Callable[..., Node]) -> None:
    first, second = node("n1"), node("n2")
    first.claimant.take(first.units)
    for primitive in ("register", "clear"):
        second.backends.change(primitive, second.units[0], second.context, key=KEYS["n2"])
    assert hpux.disks.keys(disk(hpux)) == ()
    assert hpux.disks.holder_of(disk(hpux)) is None


def test_a_path_that_is_down_fails_the_start_and_leaves_nothing(hpux: SimulatedHpux, node: Callable[..., Node]) -> None:
    hpux.disks.lose_path("n1", PATHS[1])
    mine = node("n1")
    with pytest.raises(ReservationError):
        mine.claimant.take(mine.units)
    assert hpux.disks.keys(disk(hpux)) == ()
