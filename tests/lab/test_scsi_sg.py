"""`sg_persist`, the unmodified tool, against a real target: two nodes of two paths each, no SCSI kernel between."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
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
    Status,
)
from opensvc_core.host.local import LocalHost
from opensvc_core.reservation import Claimant, judge, view
from opensvc_scsi_sg import SgPersist
from tests.lab.sgio import nexus
from tests.lab.sgio.nexus import PORT, Fault, Nexus
from tests.lab.sgio.shim import Shim
from tests.lab.specification import environment
from tests.lab.uml.fabric import Fabric
from tests.lab.uml.san import Holder, make_luns
from tests.lab.uml.specification import TARGET
from tests.lab.uml.tgt import Tgt
from tests.opensvc_scsi_sg.stand_ins import context_on

SG = SgPersist()
UNITS = 2
PATHS = 2
TEN, ELEVEN = 0x1010101010101010, 0x11


@define
class Node:
    """A node of the lab: as many nexuses as it has paths, and the tools that see them.

    Attributes:
        name: of the node.
        key: that it registers.
        ways: its nexuses.
        shim: what makes the tools speak through them.
    """

    name: str
    key: int
    ways: Sequence[Nexus]
    shim: Shim

    def context(self, limit: float = 60.0) -> Context:
        """A context whose commands see this node's disks."""
        env = {"LD_PRELOAD": str(self.shim.library)}
        return context_on(LocalHost(self.name, environment()["PATH"], env=env), limit=limit)

    def units(self, *, backwards: bool = False) -> tuple[LogicalUnit, ...]:
        """The shared units as this node reaches them; `backwards` begins with the last path."""
        ways = list(reversed(self.ways)) if backwards else self.ways
        return tuple(
            LogicalUnit(Device(f"lun{n}"), f"lab-lun{n}", tuple(way.device(n) for way in ways))
            for n in range(1, UNITS + 1)
        )

    def claimant(self, *, dead: frozenset[int] = frozenset()) -> Claimant:
        """The algorithm on this node."""
        return Claimant(
            Direct(), self.context(), self.key, lambda key: key in dead, lambda key: f"{key:#x}", lambda unit: True
        )

    def write(self, unit: int, zeros: Path) -> int:
        """Write a block through the first path; the tool's exit status."""
        words = ["sg_raw", "-s", "512", "-i", str(zeros), self.ways[0].device(unit)]
        return self.ways[0].run([*words, "2a", *["00"] * 7, "01", "00"]).returncode


class Direct:
    """The backend, as the algorithm sees all backends; the units are known without being identified."""

    names = ("sg_persist",)

    def identify(
        self, devices: Sequence[Device], context: Context
    ) -> Iterable[tuple[Device, LogicalUnit | ReservationError]]:
        raise AssertionError("not asked for here")

    def read_registrations(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterable[tuple[LogicalUnit, Registrations | ReservationError]]:
        return SG.read_registrations(units=units, context=context)

    def read_holder(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterable[tuple[LogicalUnit, Reservation | ReservationError]]:
        return SG.read_holder(units=units, context=context)

    def change(self, primitive: str, unit: LogicalUnit, context: Context, **keys: int) -> None:
        getattr(SG, primitive)(unit=unit, context=context, **keys)


@define
class Site:
    """Two nodes and what they share."""

    san: Tgt
    n1: Node
    n2: Node
    zeros: Path

    def keys(self, unit: int = 1) -> tuple[int, ...]:
        """What the target says is registered."""
        return self.san.reservations(self.san.luns[unit - 1]).keys

    def holder(self, unit: int = 1) -> Holder | None:
        """What the target says is held."""
        return self.san.reservations(self.san.luns[unit - 1]).holder


@pytest.fixture(scope="module")
def whole_site(lab_requirements: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    shim = Shim.build(folder)
    fabric = Fabric()
    try:
        san = Tgt(make_luns(UNITS, 1 << 20, folder), fabric, folder, shim, 1)
        try:
            url = f"iscsi://{san.attachment.portals[0]}:{PORT}/{TARGET}/0"
            n1, n2 = (
                Node(
                    name,
                    key,
                    [
                        Nexus(name, folder / name / str(port), shim, fabric.pid, url, UNITS, port=port)
                        for port in range(1, PATHS + 1)
                    ],
                    shim,
                )
                for name, key in (("n1", TEN), ("n2", ELEVEN))
            )
            zeros = folder / "zeros"
            zeros.write_bytes(bytes(512))
            yield Site(san, n1, n2, zeros)
            for node in (n1, n2):
                for way in node.ways:
                    way.cut()
        finally:
            san.close()
    finally:
        fabric.close()


@pytest.fixture
def site(whole_site: Site) -> Iterator[Site]:
    """The site without faults, registrations and news that nobody has read."""
    yield whole_site
    for node in (whole_site.n1, whole_site.n2):
        for way in node.ways:
            way.set_faults()
            way.log_in()
    for lun in whole_site.san.luns:
        whole_site.san.clear(lun)
    for node in (whole_site.n1, whole_site.n2):
        for unit in (1, 2):
            for way in node.ways:
                way.run(["sg_turs", way.device(unit)])


def answers(given: Iterable[tuple[LogicalUnit, object]]) -> list[object]:
    return [answer.code if isinstance(answer, ReservationError) else answer for _, answer in given]


def test_registrations_and_reservation_as_the_target_has_them(site: Site) -> None:
    (unit, _), context = site.n1.units(), site.n1.context()
    (empty,) = answers(SG.read_registrations(units=[unit], context=context))
    assert isinstance(empty, Registrations)
    assert empty.keys == ()
    SG.register(unit=unit, key=TEN, context=context)
    SG.reserve(unit=unit, key=TEN, context=context)
    assert site.keys() == (TEN, TEN)
    assert site.holder() == Holder(TEN, 5)
    (registered,) = answers(SG.read_registrations(units=[unit], context=context))
    assert registered == Registrations((TEN, TEN), site.san.reservations(site.san.luns[0]).generation)
    (held,) = answers(SG.read_holder(units=[unit], context=context))
    assert held == Reservation(TEN, 5, registered.generation)


def test_a_reservation_is_given_up_whichever_path_took_it(site: Site) -> None:
    context = site.n1.context()
    (unit, _), (backwards, _) = site.n1.units(), site.n1.units(backwards=True)
    SG.register(unit=unit, key=TEN, context=context)
    SG.reserve(unit=backwards, key=TEN, context=context)
    SG.release(unit=unit, key=TEN, context=context)
    assert site.holder() is None
    SG.unregister(unit=unit, key=TEN, context=context)
    SG.unregister(unit=unit, key=TEN, context=context)
    assert site.keys() == ()


def test_a_key_of_somebody_else_on_our_path_stays(site: Site) -> None:
    (unit, _), context = site.n1.units(), site.n1.context()
    SG.register(unit=unit, key=0xF, context=context)
    SG.unregister(unit=unit, key=TEN, context=context)
    assert site.keys() == (0xF, 0xF)


def test_another_node_is_refused_and_cannot_write(site: Site) -> None:
    (one, _), (two, _) = site.n1.units(), site.n2.units()
    SG.register(unit=one, key=TEN, context=site.n1.context())
    SG.reserve(unit=one, key=TEN, context=site.n1.context())
    assert site.n1.write(1, site.zeros) == 0
    assert site.n2.write(1, site.zeros) == 24
    for primitive in (SG.reserve, SG.clear):
        with pytest.raises(ReservationError) as error:
            primitive(unit=two, key=ELEVEN, context=site.n2.context())
        assert error.value.code == "conflict"
    assert site.keys() == (TEN, TEN)


def test_preemption_takes_write_access_from_every_path(site: Site) -> None:
    (one, _), (two, _) = site.n1.units(), site.n2.units()
    SG.register(unit=one, key=TEN, context=site.n1.context())
    SG.reserve(unit=one, key=TEN, context=site.n1.context())
    SG.register(unit=two, key=ELEVEN, context=site.n2.context())
    context = site.n2.context()
    SG.preempt(unit=two, key=ELEVEN, victim=TEN, context=context)
    # tgtd knows no preempt-and-abort.
    assert [note.code for note in context.notes] == ["preempt_without_abort"]
    assert site.keys() == (ELEVEN, ELEVEN)
    assert site.holder() == Holder(ELEVEN, 5)
    assert site.n1.write(1, site.zeros) != 0
    assert site.n2.write(1, site.zeros) == 0
    with pytest.raises(ReservationError) as error:
        SG.preempt(unit=two, key=ELEVEN, victim=TEN, context=site.n2.context())
    assert error.value.code == "conflict"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (nexus.CONFLICT, "conflict"),
        (nexus.NOT_READY, "not_ready"),
        (nexus.UNSUPPORTED_COMMAND, "not_supported"),
        (nexus.UNSUPPORTED_FIELD, "not_supported"),
        (nexus.REGISTRATIONS_PREEMPTED, "unit_attention"),
        (nexus.MEDIUM_ERROR, "failed"),
        (nexus.ABORTED, "failed"),
        (nexus.BUSY, "not_ready"),
    ],
)
def test_what_the_tool_makes_of_a_sick_target(site: Site, fault: str, code: str) -> None:
    (unit, _), context = site.n1.units(), site.n1.context()
    for way in site.n1.ways:
        way.set_faults(Fault(fault, "5e"), Fault(fault, "5f"))
    assert answers(SG.read_registrations(units=[unit], context=context)) == [code]
    changes: list[Callable[[], object]] = [
        lambda: SG.register(unit=unit, key=TEN, context=context),
        lambda: SG.reserve(unit=unit, key=TEN, context=context),
        lambda: SG.preempt(unit=unit, key=TEN, victim=ELEVEN, context=context),
    ]
    for change in changes:
        with pytest.raises(ReservationError, match="/sda: sg_persist: ") as error:
            change()
        assert error.value.code == code
    assert site.keys() == ()


def test_a_read_survives_a_lost_path_and_a_registration_names_it(site: Site) -> None:
    (unit, _), context = site.n1.units(), site.n1.context()
    site.n1.ways[0].set_faults(Fault(nexus.LOST))
    (answer,) = answers(SG.read_registrations(units=[unit], context=context))
    assert isinstance(answer, Registrations)
    with pytest.raises(ReservationError, match=site.n1.ways[0].device(1)):
        SG.register(unit=unit, key=TEN, context=context)
    assert site.keys() == (TEN,)


def test_the_algorithm_from_end_to_end(site: Site) -> None:
    n1, n2 = site.n1, site.n2
    assert n1.claimant().take(n1.units()) is True
    assert n1.claimant().take(n1.units()) is False
    assert all(site.keys(unit) == (TEN, TEN) and site.holder(unit) == Holder(TEN, 5) for unit in (1, 2))
    with pytest.raises(ReservationError, match=f"reserved by {TEN:#x}") as error:
        n2.claimant().take(n2.units())
    assert error.value.code == "conflict"
    assert site.keys() == (TEN, TEN)
    assert n2.claimant(dead=frozenset({TEN})).take(n2.units()) is True
    assert all(site.keys(unit) == (ELEVEN, ELEVEN) and site.holder(unit) == Holder(ELEVEN, 5) for unit in (1, 2))
    seen = view(Direct(), n1.units(), n1.context())
    assert [each.error for each in seen] == [None, None]
    assert judge(seen, TEN, {ELEVEN: "n2"}, lambda unit: True).status is Status.DOWN
    assert n1.claimant().give_up(n1.units()) is False
    assert n2.claimant().give_up(n2.units()) is True
    assert all(site.keys(unit) == () and site.holder(unit) is None for unit in (1, 2))


def test_unit_attentions_are_read_and_the_work_goes_on(site: Site) -> None:
    n1 = site.n1
    for way in n1.ways:
        news = (nexus.RESERVATIONS_RELEASED, nexus.REGISTRATIONS_PREEMPTED, nexus.RESERVATIONS_PREEMPTED)
        way.set_faults(*(Fault(what, times=2) for what in news))
    assert n1.claimant().take(n1.units()) is True
    assert site.keys() == (TEN, TEN)


def test_of_two_nodes_at_once_at_most_one_holds_and_the_loser_leaves_nothing(site: Site, osvc_runs: int) -> None:
    for _ in range(5 * osvc_runs):
        ready = threading.Barrier(2)
        ends: dict[int, bool | ReservationError] = {}

        def take(node: Node, ready: threading.Barrier, ends: dict[int, bool | ReservationError]) -> None:
            ready.wait(10)
            try:
                ends[node.key] = node.claimant().take(node.units())
            except ReservationError as error:
                ends[node.key] = error

        racers = [threading.Thread(target=take, args=(node, ready, ends)) for node in (site.n1, site.n2)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join(60)
        winners = [key for key, end in ends.items() if end is True]
        assert len(ends) == 2
        assert len(winners) <= 1, ends
        for unit in (1, 2):
            assert set(site.keys(unit)) == set(winners)
            holder = site.holder(unit)
            assert [holder.key] == winners if holder else not winners
        for node in (site.n1, site.n2):
            node.claimant().give_up(node.units())


def test_many_units_are_read_side_by_side(site: Site) -> None:
    # Each answer comes half a second late. One after another, 40 of them would not end within the limit.
    for way in site.n1.ways:
        way.set_faults(Fault(nexus.delay(0.5), "5e"))
    units = [LogicalUnit(Device(f"d{n}"), f"naa.{n}", (site.n1.ways[n % 2].device(1 + n % UNITS),)) for n in range(40)]
    given = dict(SG.read_holder(units=units, context=site.n1.context(limit=15)))
    assert set(given) == set(units)
    assert all(isinstance(answer, Reservation) and answer.key is None for answer in given.values())
