"""The backends and the core's algorithm on simulated nodes that share disks: one with a map, one without."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from attrs import define

from opensvc_core.api import (
    Context,
    Device,
    LogicalUnit,
    Registrations,
    Reservation,
    ReservationError,
)
from opensvc_core.host.local import LocalHost
from opensvc_core.reservation import Claimant
from opensvc_scsi_sg import MpathPersist, SgPersist
from opensvc_scsi_sg.choice import Choice
from opensvc_scsi_sg.sysfs import Sysfs
from opensvc_testkit.faults import FaultKind
from opensvc_testkit.platforms.disks import Held, SimulatedDisks
from opensvc_testkit.simulated import SimulatedCluster
from tests.opensvc_scsi_sg.stand_ins import context_on

pytestmark = pytest.mark.simulated

LUN = "naa.6001405ab01000000000000000000000"
KEYS = {"n1": 0xABC, "n2": 0xDEF}
FILES = {"n1": "/dev/mapper/mpatha", "n2": "/dev/sdb"}


@define
class Node:
    """A simulated node with the real backends."""

    name: str
    disks: SimulatedDisks
    executables: Path
    etc: Path

    @property
    def context(self) -> Context:
        return context_on(LocalHost(self.name, str(self.executables)))

    @property
    def backend(self) -> SgPersist | MpathPersist:
        choice = Choice(Sysfs(self.disks.show_sys(self.name), self._number_of), self.etc)
        device = Device(FILES[self.name])
        mpath = MpathPersist(choice)
        return mpath if mpath.claims(device=device, context=self.context) else SgPersist(choice)

    def _number_of(self, path: str) -> tuple[int, int]:
        try:
            return self.disks.number_of(self.name, path)
        except FileNotFoundError:
            raise ReservationError(f"{path}: No such file or directory", code="no_device") from None

    @property
    def unit(self) -> LogicalUnit:
        ((_, unit),) = self.backend.identify(devices=[Device(FILES[self.name])], context=self.context)
        assert isinstance(unit, LogicalUnit), unit
        return unit

    def claimant(self, *dead: int) -> Claimant:
        return Claimant(
            Door(self.backend), self.context, KEYS[self.name], lambda key: key in dead, lambda key: f"{key:#x}",
            lambda unit: True,
        )  # fmt: skip


@define
class Door:
    """A backend, as the algorithm sees all backends."""

    backend: SgPersist | MpathPersist
    names: tuple[str, ...] = ("simulated",)

    def identify(
        self, devices: Sequence[Device], context: Context
    ) -> Iterable[tuple[Device, LogicalUnit | ReservationError]]:
        return self.backend.identify(devices=devices, context=context)

    def read_registrations(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterable[tuple[LogicalUnit, Registrations | ReservationError]]:
        return self.backend.read_registrations(units=units, context=context)

    def read_holder(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterable[tuple[LogicalUnit, Reservation | ReservationError]]:
        return self.backend.read_holder(units=units, context=context)

    def change(self, primitive: str, unit: LogicalUnit, context: Context, **keys: int) -> None:
        getattr(self.backend, primitive)(unit=unit, context=context, **keys)


@pytest.fixture(params=["array", "lio", "tgt"])
def disks(request: pytest.FixtureRequest, simulated_cluster: SimulatedCluster) -> SimulatedDisks:
    shared = SimulatedDisks(simulated_cluster)
    shared.add(LUN, {"n1": ["/dev/sda", "/dev/sdc"], "n2": ["/dev/sdb"]}, target=request.param)
    shared.add_map("n1", "mpatha", LUN)
    return shared


def node(disks: SimulatedDisks, name: str, folder: Path) -> Node:
    executables, etc = folder / f"{name}-bin", folder / f"{name}-etc"
    disks.cluster.install(executables, node=name, platforms=["scsi"])
    etc.mkdir()
    (etc / "multipath.conf").write_text("defaults {\n  reservation_key file\n}\n")
    return Node(name, disks, executables, etc)


@pytest.fixture
def n1(disks: SimulatedDisks, tmp_path: Path) -> Node:
    return node(disks, "n1", tmp_path)


@pytest.fixture
def n2(disks: SimulatedDisks, tmp_path: Path) -> Node:
    return node(disks, "n2", tmp_path)


def test_both_nodes_know_the_disk_by_one_name(n1: Node, n2: Node) -> None:
    assert (n1.unit.identity, n1.unit.paths) == (LUN, ("/dev/sda", "/dev/sdc"))
    assert (n2.unit.identity, n2.unit.paths) == (LUN, ("/dev/sdb",))
    assert isinstance(n1.backend, MpathPersist)
    assert isinstance(n2.backend, SgPersist)


def test_a_disk_is_held_lost_and_given_up(disks: SimulatedDisks, n1: Node, n2: Node) -> None:
    assert n1.claimant().take([n1.unit]) is True
    assert (disks.writers(LUN), disks.holder_of(LUN)) == (("n1",), Held(0xABC, 5, "n1"))
    assert n1.claimant().take([n1.unit]) is False
    with pytest.raises(ReservationError, match="reserved by 0xabc"):
        n2.claimant().take([n2.unit])
    assert disks.keys(LUN) == (0xABC, 0xABC)
    assert n2.claimant(0xABC).take([n2.unit]) is True
    assert (disks.writers(LUN), disks.keys(LUN)) == (("n2",), (0xDEF,))
    with pytest.raises(ReservationError, match="reserved by 0xdef"):
        n1.claimant().take([n1.unit])
    assert n1.claimant().give_up([n1.unit]) is False
    assert disks.writers(LUN) == ("n2",)
    assert n2.claimant().give_up([n2.unit]) is True
    assert (disks.keys(LUN), disks.holder_of(LUN)) == ((), None)


def test_a_path_that_returns_is_registered_by_multipathd(disks: SimulatedDisks, n1: Node) -> None:
    disks.lose_path("n1", "/dev/sdc")
    assert n1.claimant().take([n1.unit]) is True
    assert disks.keys_of(LUN, "n1") == {"/dev/sda": 0xABC}
    disks.return_path("n1", "/dev/sdc")
    assert disks.keys_of(LUN, "n1") == {"/dev/sda": 0xABC, "/dev/sdc": 0xABC}
    assert disks.may_write(LUN, "n1")


def test_a_node_that_comes_back_preempted_is_not_registered_anew(disks: SimulatedDisks, n1: Node, n2: Node) -> None:
    assert n1.claimant().take([n1.unit]) is True
    disks.lose_all_paths("n1")
    assert n2.claimant(0xABC).take([n2.unit]) is True
    disks.reboot_node("n1", new_nexus=True)
    assert disks.writers(LUN) == ("n2",)
    with pytest.raises(ReservationError, match="reserved by 0xdef"):
        n1.claimant().take([n1.unit])


def test_without_multipathd_nothing_is_registered(disks: SimulatedDisks, n1: Node) -> None:
    disks.set_multipathd("n1", is_running=False)
    with pytest.raises(ReservationError, match="failed to set prkey"):
        n1.claimant().take([n1.unit])
    assert disks.keys(LUN) == ()


def test_a_tool_that_says_nonsense_is_no_answer(disks: SimulatedDisks, n2: Node) -> None:
    disks.cluster.set_fault("sg_persist", FaultKind.GARBAGE, words=["--in"])
    with pytest.raises(ReservationError):
        n2.claimant().take([n2.unit])
    assert disks.holder_of(LUN) is None
