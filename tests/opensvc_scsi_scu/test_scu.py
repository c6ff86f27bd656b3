"""The backend ``scu``: the algorithm of reservations through it, on logical units in memory with two paths each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from opensvc_core.api import (
    CommandNotFound,
    CommandResult,
    Context,
    Device,
    LogicalUnit,
    Registrations,
    Reservation,
    ReservationError,
)
from opensvc_core.backends import ReservationBackends
from opensvc_core.registry import RESERVATIONS, Registry
from opensvc_core.reservation import Claimant, identify_all
from opensvc_scsi_scu import Scu
from opensvc_scsi_scu.commands import failure
from tests.opensvc_core.hpux.node import Answer, HpuxHost, context_on, hangs, said
from tests.opensvc_core.spc_model import Target
from tests.opensvc_scsi_scu.scu_model import FREE, HOLDER, ScuNode

ONE, TWO = 0x1111AAAA, 0x2222BBBB
DISKS = (Device("/dev/rdisk/disk18"), Device("/dev/disk/disk19"))


class Claim:
    """One node that claims both disks."""

    def __init__(self, name: str, key: int, targets: dict[int, Target], root: Path, *, may_preempt: bool) -> None:
        self.node = ScuNode(name, targets)
        self.context = context_on(self.node, root)
        self.backends = ReservationBackends(Registry(RESERVATIONS), ())
        self.units = identify_all(self.backends, DISKS, self.context)
        self.claimant = Claimant(
            self.backends, self.context, key, lambda _: may_preempt, lambda other: f"{other:#x}", lambda _: True
        )

    @property
    def notes(self) -> list[str]:
        return [note.code for note in self.context.notes]


@pytest.fixture
def targets() -> dict[int, Target]:
    return {18: Target(), 19: Target()}


@pytest.fixture
def claim(targets: dict[int, Target], tmp_path: Path) -> Callable[..., Claim]:
    return lambda name, key, may_preempt=False: Claim(name, key, targets, tmp_path, may_preempt=may_preempt)


def test_units_are_known_by_wwid_and_reached_by_their_legs(claim: Callable[..., Claim]) -> None:
    units = claim("n1", ONE).units
    assert [(unit.identity, unit.paths) for unit in units] == [
        ("0x6006018", ("/dev/rdsk/c0t18d0", "/dev/rdsk/c1t18d0")),
        ("0x6006019", ("/dev/rdsk/c0t19d0", "/dev/rdsk/c1t19d0")),
    ]


def test_a_node_takes_all_disks_on_every_path_and_gives_them_up(
    claim: Callable[..., Claim], targets: dict[int, Target]
) -> None:
    mine = claim("n1", ONE)
    assert mine.claimant.take(mine.units)
    assert not mine.node.is_mixing_legs, "each path is a path of its own"
    assert mine.notes.count("leg_mpath") >= 1
    for target in targets.values():
        assert sorted(target.registered.values()) == [ONE, ONE]
        assert target.holder is not None
    assert not mine.claimant.take(mine.units), "a second time there is nothing to do"
    assert mine.claimant.give_up(mine.units)
    assert all(not target.registered and target.holder is None for target in targets.values())
    assert not mine.claimant.give_up(mine.units)


def test_a_loser_has_no_registration_left(claim: Callable[..., Claim], targets: dict[int, Target]) -> None:
    winner, loser = claim("n1", ONE), claim("n2", TWO)
    winner.claimant.take(winner.units)
    with pytest.raises(ReservationError, match="0x1111aaaa") as error:
        loser.claimant.take(loser.units)
    assert error.value.code == "conflict"
    assert all(TWO not in target.registered.values() for target in targets.values())


def test_taking_from_a_dead_node_says_that_its_writes_are_not_aborted(
    claim: Callable[..., Claim], targets: dict[int, Target]
) -> None:
    dead, heir = claim("n1", ONE), claim("n2", TWO, may_preempt=True)
    dead.claimant.take(dead.units)
    assert heir.claimant.take(heir.units)
    assert all(set(target.registered.values()) == {TWO} for target in targets.values())
    assert heir.notes.count("preempt_without_abort") == 2


def test_a_path_that_is_registered_already_is_registered_again(
    claim: Callable[..., Claim], targets: dict[int, Target]
) -> None:
    targets[18].registered[("n1", "/dev/rdsk/c0t18d0")] = ONE
    mine = claim("n1", ONE)
    assert mine.claimant.take(mine.units)


def test_a_path_with_another_key_of_this_node_is_not_taken_over(
    claim: Callable[..., Claim], targets: dict[int, Target]
) -> None:
    targets[18].registered[("n1", "/dev/rdsk/c0t18d0")] = 0x77
    mine = claim("n1", ONE)
    with pytest.raises(ReservationError, match="another key") as error:
        mine.claimant.take(mine.units)
    assert "skey 0 key KEY" in error.value.hint
    assert targets[18].registered == {("n1", "/dev/rdsk/c0t18d0"): 0x77}
    assert targets[19].registered == {}


def test_news_that_a_path_has_to_tell_are_read_and_the_change_is_made_again(
    claim: Callable[..., Claim], targets: dict[int, Target]
) -> None:
    targets[18].attention[("n1", "/dev/rdsk/c1t18d0")] = "Unit Attention"
    mine = claim("n1", ONE)
    assert mine.claimant.take(mine.units)
    assert sorted(targets[18].registered.values()) == [ONE, ONE]


def test_clear_is_made_of_preemptions_and_verified(claim: Callable[..., Claim], targets: dict[int, Target]) -> None:
    first, second = claim("n1", ONE), claim("n2", TWO)
    first.claimant.take(first.units)
    targets[18].registered[("n3", "x")] = 0x33
    for unit in second.units:
        second.backends.change("register", unit, second.context, key=TWO)
        second.backends.change("clear", unit, second.context, key=TWO)
    assert all(not target.registered and target.holder is None for target in targets.values())


def test_a_clear_that_leaves_keys_is_not_supported(claim: Callable[..., Claim], targets: dict[int, Target]) -> None:
    mine = claim("n1", ONE)
    targets[18].registered[("n1", "elsewhere")] = ONE
    mine.backends.change("register", mine.units[0], mine.context, key=ONE)
    with pytest.raises(ReservationError, match="no command that clears") as error:
        mine.backends.change("clear", mine.units[0], mine.context, key=ONE)
    assert error.value.code == "not_supported"


# -- against a table: what tools may answer beside what the model says --------------------------------------------

LUNS = "scsimgr -p get_attr all_lun -a wwid -a device_file -a instance"
LEGS = "ioscan -F -m dsf"
UNIT = LogicalUnit(DISKS[0], "0x6006", ("/dev/rdsk/c0t18d0", "/dev/rdsk/c1t18d0"))


def identified(root: Path, device: Device, luns: Answer, legs: Answer) -> LogicalUnit | ReservationError:
    host = HpuxHost()
    host.on(LUNS, luns)
    host.on(LEGS, legs)
    backends = ReservationBackends(Registry(RESERVATIONS), ())
    ((_, answer),) = backends.identify([device], context_on(host, root))
    return answer


def test_a_special_file_that_this_node_lacks_is_found_by_its_wwid(tmp_path: Path) -> None:
    device = Device("/dev/rdisk/vm188", identity="0x6006")
    answer = identified(
        tmp_path, device, said("0x6006:/dev/rdisk/disk5:5\n"), said("/dev/rdisk/disk5:/dev/rdsk/c0t5d0\n")
    )
    assert answer == LogicalUnit(device, "0x6006", ("/dev/rdsk/c0t5d0",))


def test_a_legacy_special_file_leads_to_every_path_of_its_disk(tmp_path: Path) -> None:
    legs = said("/dev/rdisk/disk5:/dev/rdsk/c0t5d0 /dev/rdsk/c1t5d0\n")
    answer = identified(tmp_path, Device("/dev/dsk/c1t5d0"), said("0x6006:/dev/rdisk/disk5:5\n"), legs)
    assert isinstance(answer, LogicalUnit)
    assert answer.paths == ("/dev/rdsk/c0t5d0", "/dev/rdsk/c1t5d0")


def test_a_disk_without_any_special_file_says_how_to_make_one(tmp_path: Path) -> None:
    device = Device("/dev/rdisk/vm188", identity="0x6006")
    answer = identified(tmp_path, device, said("0x6006::5\n"), said("\n"))
    assert isinstance(answer, ReservationError)
    assert "mksf -r -C disk -I 5 /dev/rdisk/vm188" in answer.hint


@pytest.mark.parametrize(
    ("device", "luns", "legs", "code"),
    [
        (Device("/dev/rdisk/disk5", identity="0x7"), said("0x6:/dev/rdisk/disk5:5\n"), said("\n"), "no_device"),
        (Device("/dev/rdisk/disk6"), said("0x6:/dev/rdisk/disk5:5\n"), said("\n"), "no_device"),
        (Device("/dev/vg188/rlvol1"), said("0x6:/dev/rdisk/disk5:5\n"), said("\n"), "not_supported"),
        (Device("/dev/rdisk/disk5"), said("0x6:/dev/rdisk/disk5:5\n"), said("\n"), "no_device"),
        (Device("/dev/rdisk/disk5"), said(":/dev/rdisk/disk5:5\n"), said("\n"), "no_device"),
        (Device("/dev/rdisk/disk5"), said(""), said("\n"), "failed"),
        (Device("/dev/rdisk/disk5"), said("0x6:/dev/rdisk/disk5:5\n"), said("half a"), "failed"),
        (Device("/dev/rdisk/disk5"), hangs, said("\n"), "failed"),
        (Device("/hpvm/disk", "file"), said("0x6:/dev/rdisk/disk5:5\n"), said("\n"), "not_supported"),
    ],
)
def test_what_cannot_be_reserved_is_refused(
    tmp_path: Path, device: Device, luns: Answer, legs: Answer, code: str
) -> None:
    answer = identified(tmp_path, device, luns, legs)
    assert isinstance(answer, ReservationError)
    assert answer.code == code


def reading(root: Path, *answers: Answer) -> tuple[HpuxHost, Context]:
    host = HpuxHost()
    for path, answer in zip(UNIT.paths, answers, strict=True):
        host.on(f"scu -f {path} show keys", answer)
        host.on(f"scu -f {path} show reservation", answer)
    return host, context_on(host, root)


def test_a_read_goes_on_to_the_next_path(tmp_path: Path) -> None:
    host, context = reading(tmp_path, said("", "scu: cannot", 1), said(HOLDER.format(generation=3, key=ONE)))
    assert list(Scu().read_holder([UNIT], context)) == [(UNIT, Reservation(ONE, 5, 3))]
    assert len(host.lines) == 2


@pytest.mark.parametrize("answer", [said(), said("what?\n"), said("", "scu: ?", 3), hangs])
def test_a_disk_that_cannot_tell_has_an_error(tmp_path: Path, answer: Answer) -> None:
    _, context = reading(tmp_path, answer, answer)
    for read in (Scu().read_holder, Scu().read_registrations):
        ((_, told),) = read([UNIT], context)
        assert isinstance(told, ReservationError)
        assert told.code == "failed"


def test_a_disk_without_anything(tmp_path: Path) -> None:
    _, context = reading(tmp_path, said(FREE.format(generation=7)), said())
    assert list(Scu().read_holder([UNIT], context)) == [(UNIT, Reservation(generation=7))]
    assert list(Scu().read_registrations([UNIT], context)) == [(UNIT, Registrations((), 7))]


@pytest.mark.parametrize("answer", [said("perhaps\n"), said("", "no", 1), said("true\n")])
def test_nothing_is_registered_while_paths_may_be_mixed(tmp_path: Path, answer: Answer) -> None:
    host = HpuxHost()
    host.on("scsimgr get_attr -p -a leg_mpath_enable", answer)
    host.on("scsimgr save_attr -a leg_mpath_enable=false")
    with pytest.raises(ReservationError):
        Scu().register(UNIT, ONE, context_on(host, tmp_path))
    assert not any(line.startswith("scu") for line in host.lines)


def test_a_missing_scu_is_not_supported(tmp_path: Path) -> None:
    host = HpuxHost()
    host.on("scu -f /dev/rdsk/c0t18d0 preserve reserve key 0x1111aaaa type wero", CommandNotFound("no scu", argv=()))
    with pytest.raises(ReservationError) as error:
        Scu().reserve(UNIT, ONE, context_on(host, tmp_path))
    assert (error.value.code, "install it" in error.value.hint) == ("not_supported", True)


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (said("", "SCSI status: Reservation Conflict", 1), "conflict"),
        (said("Reservation conflict\n", "", 0), "conflict"),
        (said("", "Sense key: UNIT ATTENTION", 1), "unit_attention"),
        (said("", "open of /dev/rdsk/c0t18d0 failed: No such device or address", 1), "no_device"),
        (said("", "something else", 4), "failed"),
        (said("", "", 4), "failed"),
    ],
)
def test_what_scu_ends_with(result: CommandResult, code: str) -> None:
    error = failure(result, "/dev/x")
    assert error is not None
    assert error.code == code


def test_a_dry_run_prints_the_commands(tmp_path: Path) -> None:
    host = HpuxHost()
    host.on("scsimgr get_attr -p -a leg_mpath_enable", said("true\n"))
    context = context_on(host, tmp_path, is_dry=True)
    Scu().register(UNIT, ONE, context)
    Scu().preempt(UNIT, ONE, TWO, context)
    assert context.recording is not None
    assert [str(line) for line in context.recording.commands] == [
        "scsimgr save_attr -a leg_mpath_enable=false",
        "scu -f /dev/rdsk/c0t18d0 preserve register skey 0x1111aaaa",
        "scu -f /dev/rdsk/c1t18d0 preserve register skey 0x1111aaaa",
        "scu -f /dev/rdsk/c0t18d0 preserve preempt key 0x1111aaaa skey 0x2222bbbb type wero",
    ]


def test_other_systems_are_left_to_others() -> None:
    class Linux:
        class node:  # noqa: N801 - as much of a context as is looked at
            os_name = "Linux"

    assert Scu().claims(Device("/dev/sda"), Linux()) is None  # type: ignore[arg-type]


def test_a_status_lists_the_disks_of_the_node_once(targets: dict[int, Target], tmp_path: Path) -> None:
    node = ScuNode("n1", targets)
    context = context_on(node, tmp_path, action="status")
    for _ in range(3):
        assert len(list(Scu().identify(DISKS, context))) == 2
    assert len(node.lines) == 2
