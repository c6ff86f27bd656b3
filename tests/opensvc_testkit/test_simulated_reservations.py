"""Simulated LUNs: SPC-4's rules, what LIO and tgtd do otherwise, and agreement with the model that tests the core."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.errors import ReservationError
from opensvc_testkit.executables import disks, news, reservations
from opensvc_testkit.executables.shapes import SharedDisk
from opensvc_testkit.executables.targets import ATTENTION, CONFLICT, ILLEGAL, NOT_READY, RefusedError
from tests.opensvc_core.spc_model import Target

A, A2, B = ("n1", "/dev/sda"), ("n1", "/dev/sdb"), ("n2", "/dev/sda")
WERO, WE, EA, EARO, WEAR = 5, 1, 3, 6, 7
OURS, THEIRS = 0x1111AAAA, 0x2222BBBB


def lun(target: str = "array") -> SharedDisk:
    return disks.new_disk("naa.6001", 1 << 20, {"n1": ["/dev/sda", "/dev/sdb"], "n2": ["/dev/sda"]}, target=target)


def both(target: str = "array", *, held: int = 0) -> SharedDisk:
    """Both nodes registered; the first holds, if a type is given."""
    disk = lun(target)
    for nexus, key in ((A, OURS), (A2, OURS), (B, THEIRS)):
        reservations.register(disk, nexus, 0, key, ignore=True)
    if held:
        reservations.reserve(disk, A, OURS, held)
    return disk


def refusal(act: Callable[[], None]) -> str:
    with pytest.raises(RefusedError) as refused:
        act()
    return refused.value.kind


def heard(disk: SharedDisk, nexus: tuple[str, str]) -> str:
    """What a nexus hears at its next command; empty for nothing."""
    try:
        news.hear(disk, nexus)
    except RefusedError as refused:
        return refused.sense
    return ""


def test_a_key_is_registered_changed_and_taken_away_by_who_knows_it() -> None:
    disk = lun()
    assert refusal(lambda: reservations.register(disk, A, 9, OURS)) == CONFLICT
    reservations.register(disk, A, 0, OURS)
    assert refusal(lambda: reservations.register(disk, A, 0, THEIRS)) == CONFLICT
    reservations.register(disk, A, OURS, 7)
    assert (reservations.keys_of(disk), disk["generation"]) == ([7], 2)
    reservations.register(disk, A, 7, 0)
    assert (reservations.keys_of(disk), disk["generation"]) == ([], 3)
    reservations.register(disk, A, 0, 0)
    assert disk["generation"] == 3


def test_ignoring_the_key_always_registers_and_always_counts() -> None:
    disk = lun()
    for _ in range(2):
        reservations.register(disk, A, 9, OURS, ignore=True)
    assert (reservations.keys_of(disk), disk["generation"]) == ([OURS], 2)
    reservations.register(disk, A, 9, 0, ignore=True)
    assert reservations.keys_of(disk) == []


def test_reserving_is_for_registrants_with_their_key_and_repeatable() -> None:
    disk = both()
    assert refusal(lambda: reservations.reserve(disk, A, THEIRS, WERO)) == CONFLICT
    before = disk["generation"]
    reservations.reserve(disk, A, OURS, WERO)
    reservations.reserve(disk, A, OURS, WERO)
    assert refusal(lambda: reservations.reserve(disk, A, OURS, EARO)) == CONFLICT
    assert refusal(lambda: reservations.reserve(disk, A2, OURS, WERO)) == CONFLICT
    assert refusal(lambda: reservations.reserve(disk, B, THEIRS, WERO)) == CONFLICT
    assert refusal(lambda: reservations.reserve(disk, A, OURS, 2)) == ILLEGAL
    assert (disk["holder"], disk["type"], disk["generation"]) == (A, WERO, before)


@pytest.mark.parametrize(("target", "kind"), [("array", CONFLICT), ("tgt", CONFLICT), ("lio", NOT_READY)])
def test_a_stranger_is_refused_in_the_words_of_the_target(target: str, kind: str) -> None:
    disk = lun(target)
    assert refusal(lambda: reservations.reserve(disk, A, OURS, WERO)) == kind
    reservations.register(disk, B, 0, THEIRS)
    strangers: list[Callable[[], None]] = [
        lambda: reservations.reserve(disk, A, OURS, WERO),
        lambda: reservations.release(disk, A, OURS, WERO),
        lambda: reservations.clear(disk, A, OURS),
        lambda: reservations.preempt(disk, A, OURS, THEIRS, WERO),
    ]
    assert [refusal(act) for act in strangers] == [CONFLICT] * 4
    assert reservations.keys_of(disk) == [THEIRS]


@pytest.mark.parametrize(("target", "kind"), [("array", ILLEGAL), ("tgt", ILLEGAL), ("lio", CONFLICT)])
def test_releasing_is_for_the_holder_and_its_type(target: str, kind: str) -> None:
    disk = both(target, held=WERO)
    reservations.release(disk, B, THEIRS, WERO)
    assert reservations.holder_key(disk) == OURS
    assert refusal(lambda: reservations.release(disk, A, OURS, EARO)) == kind
    reservations.release(disk, A, OURS, WERO)
    assert (disk["holder"], disk["type"]) == (None, 0)
    # tgtd tells nobody of a release of this type.
    assert heard(disk, B) == ("" if target == "tgt" else "Reservations released")
    assert (heard(disk, B), heard(disk, A)) == ("", "")
    reservations.release(disk, A, OURS, WERO)


def test_the_holder_leaves_and_the_reservation_with_it() -> None:
    disk = both(held=WERO)
    reservations.register(disk, A, OURS, 0)
    assert (disk["holder"], disk["type"]) == (None, 0)
    assert heard(disk, B) == "Reservations released"


def test_a_reservation_of_all_registrants_lasts_until_the_last_leaves() -> None:
    disk = both(held=WEAR)
    assert reservations.holder_key(disk) == 0
    reservations.register(disk, A, OURS, 0)
    reservations.register(disk, A2, OURS, 0)
    assert disk["holder"] == B
    assert not reservations.may_write(disk, A)
    reservations.register(disk, B, THEIRS, 0)
    assert disk["holder"] is None


@pytest.mark.parametrize(("target", "said"), [("array", "Registrations preempted"), ("tgt", "Reservations preempted")])
def test_preempting_the_holder_takes_all_that_its_key_had(target: str, said: str) -> None:
    disk = both(target, held=WERO)
    before = disk["generation"]
    reservations.preempt(disk, B, THEIRS, OURS, WERO)
    assert (disk["holder"], reservations.keys_of(disk), disk["generation"]) == (B, [THEIRS], before + 1)
    assert [heard(disk, A), heard(disk, A), heard(disk, A2), heard(disk, B)] == [said, "", said, ""]
    assert refusal(lambda: reservations.preempt(disk, B, THEIRS, OURS, WERO)) == CONFLICT
    if target == "array":
        assert refusal(lambda: reservations.preempt(disk, B, THEIRS, 0, WERO)) == ILLEGAL


def test_preempting_who_does_not_hold_leaves_the_reservation() -> None:
    disk = both(held=WERO)
    reservations.preempt(disk, A, OURS, THEIRS, EA)
    assert (disk["holder"], disk["type"], reservations.keys_of(disk)) == (A, WERO, [OURS, OURS])


def test_preempting_all_registrants_leaves_the_one() -> None:
    disk = both(held=WEAR)
    reservations.preempt(disk, B, THEIRS, 0, WERO)
    assert (disk["holder"], disk["type"], reservations.keys_of(disk)) == (B, WERO, [THEIRS])


def test_the_holder_may_take_its_own_reservation_over_through_another_path() -> None:
    disk = both(held=WERO)
    reservations.preempt(disk, A2, OURS, OURS, EARO)
    assert (disk["holder"], disk["type"], reservations.keys_of(disk)) == (A2, EARO, [OURS, THEIRS])
    assert (heard(disk, B), heard(disk, A)) == ("Reservations released", "Registrations preempted")


def test_aborting_is_not_known_to_every_target() -> None:
    for target, known in (("array", True), ("lio", True), ("tgt", False)):
        disk = both(target, held=WERO)
        if known:
            reservations.preempt(disk, B, THEIRS, OURS, WERO, abort=True)
        else:
            assert refusal(lambda: reservations.preempt(disk, B, THEIRS, OURS, WERO, abort=True)) == ILLEGAL  # noqa: B023
        assert (disk["holder"] == B) is known


def test_clearing_drops_everything_and_tells_the_others() -> None:
    disk = both(held=WERO)
    before = disk["generation"]
    reservations.clear(disk, B, THEIRS)
    assert (disk["holder"], reservations.keys_of(disk), disk["generation"]) == (None, [], before + 1)
    assert (heard(disk, A), heard(disk, B)) == ("Reservations preempted", "")


def test_a_command_that_hears_news_is_not_carried_out() -> None:
    disk = both(held=WERO)
    reservations.preempt(disk, B, THEIRS, OURS, WERO)
    assert refusal(lambda: reservations.register(disk, A, 0, OURS)) == ATTENTION
    assert reservations.keys_of(disk) == [THEIRS]
    reservations.register(disk, A, 0, OURS)
    assert reservations.keys_of(disk) == [THEIRS, OURS]


@pytest.mark.parametrize(
    ("kind", "registered_writes", "registered_reads", "stranger_reads"),
    [(WE, False, True, True), (EA, False, False, False), (WERO, True, True, True), (EARO, True, True, False)],
)
def test_what_a_type_lets_through(
    kind: int, registered_writes: bool, registered_reads: bool, stranger_reads: bool
) -> None:
    disk = both(held=kind)
    stranger = ("n3", "/dev/sda")
    assert reservations.may_write(disk, A)
    assert reservations.may_write(disk, B) is registered_writes
    assert reservations.may_read(disk, B) is registered_reads
    assert not reservations.may_write(disk, stranger)
    assert reservations.may_read(disk, stranger) is stranger_reads


def test_without_aptpl_a_target_forgets() -> None:
    disk = both(held=WERO)
    reservations.lose_power(disk)
    assert (reservations.keys_of(disk), disk["holder"], disk["generation"]) == ([], None, 0)
    reservations.register(disk, A, 0, OURS, persist=True)
    reservations.reserve(disk, A, OURS, WERO)
    reservations.lose_power(disk)
    assert (reservations.keys_of(disk), disk["holder"]) == ([OURS], A)


# -- agreement with the other model ------------------------------------------------------------------------------------

NEXUSES = (A, A2, B)
KEYS = {A: OURS, A2: OURS, B: THEIRS}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["register", "unregister", "reserve", "release", "preempt", "clear"]), st.sampled_from(NEXUSES)
    ),
    max_size=12,
)


def in_model(model: Target, what: str, nexus: tuple[str, str]) -> str:
    own, other = KEYS[nexus], THEIRS if KEYS[nexus] == OURS else OURS
    words: dict[str, tuple[int, ...]] = {"register": (own,), "unregister": (), "preempt": (own, other)}
    try:
        getattr(model, what)(nexus, *words.get(what, (own,)))
    except ReservationError as error:
        return "attention" if error.code == "unit_attention" else error.code
    return ""


def in_simulation(disk: SharedDisk, what: str, nexus: tuple[str, str]) -> str:
    own, other = KEYS[nexus], THEIRS if KEYS[nexus] == OURS else OURS
    acts: dict[str, Callable[[], None]] = {
        "register": lambda: reservations.register(disk, nexus, 0, own, ignore=True),
        "unregister": lambda: reservations.register(disk, nexus, 0, 0, ignore=True),
        "reserve": lambda: reservations.reserve(disk, nexus, own, WERO),
        "release": lambda: reservations.release(disk, nexus, own, WERO),
        "preempt": lambda: reservations.preempt(disk, nexus, own, other, WERO),
        "clear": lambda: reservations.clear(disk, nexus, own),
    }
    try:
        acts[what]()
    except RefusedError as refused:
        return refused.kind
    return ""


@given(STEPS)
def test_simulated_luns_and_the_model_of_the_core_agree(steps: list[tuple[str, tuple[str, str]]]) -> None:
    """Who is registered, who holds, and what is refused; the model tells no news of a clear, so news are read away."""
    disk, model = lun(), Target()
    for what, nexus in steps:
        disk["attentions"].clear()
        model.attention.clear()
        assert in_simulation(disk, what, nexus) == in_model(model, what, nexus), (what, nexus)
        registered = {(each["node"], each["path"]): each["key"] for each in disk["registrations"]}
        assert (registered, disk["holder"]) == (model.registered, model.holder), (what, nexus)


@given(STEPS)
def test_simulated_luns_and_the_model_tell_the_same_nexuses(steps: list[tuple[str, tuple[str, str]]]) -> None:
    """Who has news after a step, of those that the model tells of."""
    disk, model = lun(), Target()
    for what, nexus in steps:
        disk["attentions"].clear()
        model.attention.clear()
        in_simulation(disk, what, nexus)
        in_model(model, what, nexus)
        if what != "clear":
            told = {(each["node"], each["path"]): each["sense"] for each in disk["attentions"]}
            assert told == model.attention, (what, nexus)
