"""The reservation algorithm: all units or none, one winner in every order of events, losers without write access."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, cast

import pytest
from attrs import define
from hypothesis import given, settings
from hypothesis import strategies as st

from opensvc_core.errors import ReservationError
from opensvc_core.model import Device, LogicalUnit, Registrations, Reservation, Severity, Status
from opensvc_core.reservation import Claimant, View, identify_all, judge, view
from tests.opensvc_core.spc_model import ModelBackends, Target, Turns

if TYPE_CHECKING:
    from opensvc_core.context import Context

KEYS = {"n1": 0x1111, "n2": 0x2222}


@define
class QuietContext:
    """As much of a context as the algorithm uses: no time passes."""

    said: list[str]
    is_dry_run: bool = False

    def pause(self, seconds: float) -> None:
        """No waiting for a model."""

    def note(self, text: str, code: str = "", severity: Severity = Severity.INFO) -> None:
        self.said.append(f"{code}: {text}")


def claimant(
    backends: ModelBackends, *, dead: tuple[str, ...] = (), made_here: Callable[[LogicalUnit], bool] = lambda unit: True
) -> Claimant:
    names = {key: name for name, key in KEYS.items()}
    return Claimant(
        backends,
        cast("Context", QuietContext([])),
        KEYS[backends.node],
        may_preempt=lambda key: names.get(key) in dead,
        name_of=lambda key: f"{names.get(key, '?')} (key {key:#x})",
        made_here=made_here,
    )


def units_of(backends: ModelBackends) -> tuple[LogicalUnit, ...]:
    devices = [Device(path) for path in sorted(backends.targets, reverse=True)]
    return identify_all(backends, devices, cast("Context", QuietContext([])))


def node(name: str, targets: dict[str, Target], **options: object) -> ModelBackends:
    return ModelBackends(name, targets, **options)  # type: ignore[arg-type]


def fresh(count: int = 2) -> dict[str, Target]:
    return {f"/dev/sd{chr(98 + index)}": Target() for index in range(count)}


def writers(targets: dict[str, Target]) -> set[str]:
    """Nodes that could write to some unit that is reserved."""
    return {nexus[0] for target in targets.values() for nexus in target.registered}


def test_free_units_are_taken_in_the_order_of_their_identities() -> None:
    targets = fresh(3)
    n1 = node("n1", targets)
    assert claimant(n1).take(units_of(n1)) is True
    assert [unit for what, unit in n1.trace if what == "reserve"] == sorted(targets)
    assert all(target.holder == ("n1", "a") for target in targets.values())
    assert claimant(n1).take(units_of(n1)) is False


def test_every_path_is_registered_and_given_up() -> None:
    targets = fresh(1)
    n1 = node("n1", targets, paths=("a", "b"))
    claimant(n1).take(units_of(n1))
    assert set(targets["/dev/sdb"].registered) == {("n1", "a"), ("n1", "b")}
    assert claimant(n1).give_up(units_of(n1)) is True
    assert targets["/dev/sdb"].registered == {}
    assert claimant(n1).give_up(units_of(n1)) is False


def test_a_foreign_holder_is_named_and_nothing_is_registered() -> None:
    targets = fresh()
    n1, n2 = node("n1", targets), node("n2", targets)
    claimant(n1).take(units_of(n1))
    with pytest.raises(ReservationError, match=r"/dev/sdb is reserved by n1 \(key 0x1111\)") as caught:
        claimant(n2).take(units_of(n2))
    assert caught.value.code == "conflict"
    assert "register" not in {what for what, _ in n2.trace}


def test_a_dead_holder_is_preempted_on_every_unit() -> None:
    targets = fresh()
    n1, n2 = node("n1", targets), node("n2", targets)
    claimant(n1).take(units_of(n1))
    claimant(n2, dead=("n1",)).take(units_of(n2))
    assert writers(targets) == {"n2"}
    assert all(target.holder == ("n2", "a") for target in targets.values())


def test_a_reservation_of_another_type_is_left_alone() -> None:
    targets = fresh(1)
    n1, n2 = node("n1", targets), node("n2", targets)
    claimant(n1).take(units_of(n1))
    n2_views = view(n2, units_of(n2), cast("Context", QuietContext([])))
    other = View(n2_views[0].unit, n2_views[0].registrations, Reservation(KEYS["n1"], 1))
    with pytest.raises(ReservationError, match="reserved in another way"):
        claimant(n2, dead=("n1",))._refuse_foreign([other])


def test_a_registrant_without_the_reservation_loses_its_access_to_the_winner() -> None:
    targets = fresh()
    n2 = node("n2", targets)
    for target in targets.values():
        target.register(("n2", "a"), KEYS["n2"])  # killed between register and reserve
    n1 = node("n1", targets)
    claimant(n1).take(units_of(n1))
    assert writers(targets) == {"n1"}
    assert claimant(n2).give_up(units_of(n2)) is False


def test_a_node_killed_between_register_and_reserve_loses_its_access_with_its_next_stop() -> None:
    targets = fresh()
    n1 = node("n1", targets)
    for target in targets.values():
        target.register(("n1", "a"), KEYS["n1"])
    assert claimant(n1).give_up(units_of(n1)) is True
    assert writers(targets) == set()


def test_a_holder_that_stops_removes_whoever_else_is_registered() -> None:
    targets = fresh(1)
    n1 = node("n1", targets)
    claimant(n1).take(units_of(n1))
    targets["/dev/sdb"].register(("n2", "a"), KEYS["n2"])
    claimant(n1).give_up(units_of(n1))
    assert writers(targets) == set()


def test_after_a_reboot_the_stale_registration_is_replaced() -> None:
    targets = fresh()
    for target in targets.values():
        target.registered[("n1", "before the boot")] = KEYS["n1"]
        target.holder = ("n1", "before the boot")
    n1 = node("n1", targets)
    claimant(n1, made_here=lambda unit: False).take(units_of(n1))
    for target in targets.values():
        assert set(target.registered) == {("n1", "a")}
        assert target.holder == ("n1", "a")


def test_after_a_reboot_a_stop_removes_the_stale_registration() -> None:
    targets = fresh(1)
    targets["/dev/sdb"].registered[("n1", "before the boot")] = KEYS["n1"]
    targets["/dev/sdb"].holder = ("n1", "before the boot")
    n1 = node("n1", targets)
    claimant(n1, made_here=lambda unit: False).give_up(units_of(n1))
    assert writers(targets) == set()


@pytest.mark.parametrize("primitive", ["register", "reserve", "preempt"])
def test_whatever_fails_leaves_no_registration_behind(primitive: str) -> None:
    targets = fresh()
    for target in targets.values():
        target.register(("n2", "a"), KEYS["n2"])
    n1 = node("n1", targets, fails={primitive: ReservationError("the path is gone", code="failed")})
    with pytest.raises(ReservationError, match="the path is gone"):
        claimant(n1).take(units_of(n1))
    assert "n1" not in writers(targets)


class Refusing(Target):
    """A unit that lets everybody register and nobody reserve."""

    def reserve(self, nexus: tuple[str, str], key: int) -> None:
        """Refuse."""
        raise ReservationError("Reservation conflict", code="conflict")


def test_all_units_or_none() -> None:
    targets = {**fresh(2), "/dev/sdd": Refusing()}
    n1 = node("n1", targets)
    with pytest.raises(ReservationError):
        claimant(n1).take(units_of(n1))
    assert writers(targets) == set()
    assert all(target.holder is None for target in targets.values())


def test_unit_attentions_are_heard_a_bounded_number_of_times() -> None:
    targets = fresh(1)
    n1 = node("n1", targets)
    targets["/dev/sdb"].attention[("n1", "a")] = "Power on"
    claimant(n1).take(units_of(n1))
    n1.fails["read"] = ReservationError("Unit attention", code="unit_attention")
    n1.trace.clear()
    with pytest.raises(ReservationError, match="Unit attention"):
        claimant(n1).take(units_of(n1))
    assert len(n1.trace) == 10


def test_a_target_that_answers_conflict_to_everything_is_refused_with_nothing_left() -> None:
    targets = fresh()
    no = ReservationError("Reservation conflict", code="conflict")
    n1 = node("n1", targets, fails={"reserve": no, "preempt": no, "release": no})
    with pytest.raises(ReservationError, match="nobody holds it"):
        claimant(n1).take(units_of(n1))
    assert writers(targets) == set()


@settings(max_examples=300)
@given(st.lists(st.sampled_from(["n1", "n2"]), max_size=60), st.integers(1, 3))
def test_of_two_nodes_one_at_most_wins_in_every_order_and_the_loser_cannot_write(order: list[str], count: int) -> None:
    targets = fresh(count)
    turns = Turns(list(order))
    won: dict[str, bool] = {}
    guard = threading.Lock()
    backends = {name: node(name, targets, turns=turns, guard=guard) for name in KEYS}

    def play(name: str) -> None:
        try:
            claimant(backends[name], made_here=lambda unit: False).take(units_of(backends[name]))
            won[name] = True
        except ReservationError:
            won[name] = False
        finally:
            turns.finish(name)

    threads = [threading.Thread(target=play, args=(name,), daemon=True) for name in KEYS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    winners = [name for name, has_won in won.items() if has_won]
    assert len(winners) <= 1
    if winners:
        assert all(target.holder is not None and target.holder[0] == winners[0] for target in targets.values())
    # Who registered after the winner had looked gives it up by itself: nobody but a winner is left with access.
    assert writers(targets) <= set(winners)


# -- status -----------------------------------------------------------------------------------------------------------

UNIT = LogicalUnit(Device("/dev/sdb"), "wwid-b", ("/dev/sdb", "/dev/sdc"))
OWN, PEER, STRANGER = 0x1, 0x2, 0x3


def _judge(keys: tuple[int, ...], holder: int | None, *, here: bool = True) -> tuple[Status, set[str]]:
    each = View(UNIT, Registrations(keys), Reservation(holder, 5 if holder else 0))
    report = judge([each], OWN, {PEER: "n2"}, lambda unit: here)
    return report.status, {note.code for note in report.notes}


@pytest.mark.parametrize(
    ("keys", "holder", "here", "status", "codes"),
    [
        ((OWN, OWN), OWN, True, Status.UP, set()),
        ((OWN,), OWN, True, Status.WARN, {"paths_missing"}),
        ((OWN, OWN, PEER), OWN, True, Status.WARN, {"foreign_registrant"}),
        ((OWN, OWN), OWN, False, Status.WARN, {"stale_registration"}),
        ((), None, True, Status.DOWN, set()),
        ((PEER, PEER), PEER, True, Status.DOWN, {"held_elsewhere"}),
        ((STRANGER,), STRANGER, True, Status.WARN, {"held_elsewhere"}),
        ((OWN, OWN, PEER), PEER, True, Status.WARN, {"held_elsewhere", "registrant_only"}),
        ((OWN, OWN), None, True, Status.WARN, {"registrant_only"}),
        ((PEER,), None, True, Status.WARN, {"foreign_registrant"}),
    ],
)
def test_the_status_of_a_reservation(
    keys: tuple[int, ...], holder: int | None, here: int, status: Status, codes: set[str]
) -> None:
    assert _judge(keys, holder, here=bool(here)) == (status, codes)


def test_a_path_that_was_lost_is_a_warning_for_the_holder() -> None:
    unit = LogicalUnit(Device("/dev/sdb"), "wwid-b", ("/dev/sdb",), ("/dev/sdc (offline)",))
    held = View(unit, Registrations((OWN,)), Reservation(OWN, 5))
    report = judge([held], OWN, {}, lambda unit: True)
    assert (report.status, [note.code for note in report.notes]) == (Status.WARN, ["paths_lost"])
    assert "/dev/sdc (offline)" in report.notes[0].text
    assert judge([View(unit)], OWN, {}, lambda unit: True).status is Status.DOWN


def test_a_holder_of_the_service_is_named() -> None:
    each = View(UNIT, Registrations((PEER,)), Reservation(PEER, 5))
    report = judge([each], OWN, {PEER: "n2"}, lambda unit: True)
    assert "n2 (0x2)" in report.notes[0].text


def test_a_unit_that_cannot_tell_is_undef_whatever_the_others_say() -> None:
    mine = View(UNIT, Registrations((OWN, OWN)), Reservation(OWN, 5))
    silent = View(UNIT, error=ReservationError("no answer", code="failed"))
    assert judge([mine, silent], OWN, {}, lambda unit: True).status is Status.UNDEF
    assert judge([], OWN, {}, lambda unit: True).status is Status.UNDEF


@pytest.mark.parametrize("said", ["Read keys: Reservation conflict", "t1: Read keys: Reservation conflict"])
def test_an_error_names_the_device_once_whether_its_backend_named_it_or_not(said: str) -> None:
    class Refusing(ModelBackends):
        def read_registrations(
            self, units: Sequence[LogicalUnit], context: Context
        ) -> Iterable[tuple[LogicalUnit, Registrations | ReservationError]]:
            return [(unit, ReservationError(said, code="conflict")) for unit in units]

    backends = Refusing("n1", {"t1": Target()})
    (seen,) = view(backends, units_of(backends), cast("Context", QuietContext([])))
    assert seen.error is not None
    assert (seen.error.message, seen.error.code) == ("t1: Read keys: Reservation conflict", "conflict")
    assert judge([seen], OWN, {}, lambda unit: True).notes[0].text == seen.error.message


def test_some_units_held_and_some_free_is_a_warning() -> None:
    mine = View(UNIT, Registrations((OWN, OWN)), Reservation(OWN, 5))
    free = View(LogicalUnit(Device("/dev/sdz"), "z", ("/dev/sdz",)))
    report = judge([mine, free], OWN, {}, lambda unit: True)
    assert (report.status, [note.code for note in report.notes]) == (Status.WARN, ["partly_held"])


@given(st.integers(1, 3), st.booleans())
def test_a_hand_over_leaves_no_unit_without_a_holder(count: int, is_repeated: bool) -> None:
    targets = fresh(count)
    n1, n2 = node("n1", targets, paths=("a", "b")), node("n2", targets)
    claimant(n1).take(units_of(n1))
    holders = {target.holder for target in targets.values()}
    assert claimant(n2).join(units_of(n2), KEYS["n1"]) is True
    assert writers(targets) == {"n1", "n2"}
    assert {target.holder for target in targets.values()} == holders
    for _ in range(2 if is_repeated else 1):
        claimant(n2).settle(units_of(n2), KEYS["n1"])
        assert writers(targets) == {"n2"}
        assert {target.holder for target in targets.values()} == {("n2", "a")}
    # It took them over in one command each: a release, or a reserve of what is free, would be a gap.
    assert {what for what, _ in n2.trace} & {"reserve", "release", "clear"} == set()
    assert claimant(n1).leave(units_of(n1)) is False
    with pytest.raises(ReservationError, match="n2"):
        claimant(n1).take(units_of(n1))


def test_a_destination_that_leaves_again_leaves_the_holder_as_it_was() -> None:
    targets = fresh()
    n1, n2 = node("n1", targets), node("n2", targets)
    claimant(n1).take(units_of(n1))
    claimant(n2).join(units_of(n2), KEYS["n1"])
    assert claimant(n2).leave(units_of(n2)) is True
    assert writers(targets) == {"n1"}
    assert claimant(n1).take(units_of(n1)) is False


def test_a_destination_that_was_started_anew_leaves_its_ghost_to_the_holder() -> None:
    targets = fresh()
    n1, n2 = node("n1", targets), node("n2", targets)
    claimant(n1).take(units_of(n1))
    claimant(n2).join(units_of(n2), KEYS["n1"])
    anew = node("n2", targets, paths=("after-boot",))
    assert claimant(anew, made_here=lambda unit: False).leave(units_of(anew)) is True
    assert writers(targets) == {"n1", "n2"}
    assert claimant(n1).settle(units_of(n1), KEYS["n2"]) is True
    assert writers(targets) == {"n1"}
    assert {target.holder for target in targets.values()} == {("n1", "a")}
    assert claimant(n1).settle(units_of(n1), KEYS["n2"]) is False


@pytest.mark.parametrize("holder", ["nobody", "n3"])
def test_only_what_the_peer_holds_is_joined_or_taken_over(holder: str) -> None:
    targets = fresh(1)
    n2, n3 = node("n2", targets), node("n3", targets)
    if holder == "n3":
        third = Claimant(n3, cast("Context", QuietContext([])), 0x3333, lambda _: False, str, lambda _: True)
        third.take(units_of(n3))
    with pytest.raises(ReservationError) as refused:
        claimant(n2).join(units_of(n2), KEYS["n1"])
    assert refused.value.code == ("not_held" if holder == "nobody" else "conflict")
    with pytest.raises(ReservationError) as refused:
        claimant(n2).settle(units_of(n2), KEYS["n1"])
    assert refused.value.code == "not_joined"
    assert "n2" not in writers(targets)


def test_a_holder_does_not_leave_before_the_other_has_taken_over() -> None:
    targets = fresh(1)
    n1 = node("n1", targets)
    claimant(n1).take(units_of(n1))
    with pytest.raises(ReservationError) as refused:
        claimant(n1).leave(units_of(n1))
    assert refused.value.code == "still_holder"
    assert writers(targets) == {"n1"}


# -- what an earlier boot left ----------------------------------------------------------------------------------------


def _returned(backends: ModelBackends) -> Claimant:
    """A node that was started anew: this boot has registered nowhere."""
    return claimant(backends, made_here=lambda unit: False)


def test_a_returned_holder_releases_what_a_nexus_that_is_gone_holds() -> None:
    targets = fresh()
    n1 = node("n1", targets)
    claimant(n1).take(units_of(n1))
    anew = node("n1", targets, paths=("after-boot",))
    assert _returned(anew).clean(units_of(anew)) is True
    assert [(target.registered, target.holder) for target in targets.values()] == [({}, None)] * 2
    assert _returned(anew).clean(units_of(anew)) is False


def test_on_a_unit_that_another_holds_a_clean_only_unregisters() -> None:
    targets = fresh(1)
    n1, n2 = node("n1", targets), node("n2", targets)
    claimant(n2).take(units_of(n2))
    (target,) = targets.values()
    target.registered["n1", "a"] = KEYS["n1"]
    assert _returned(n1).clean(units_of(n1)) is True
    assert (set(target.registered), target.holder) == ({("n2", "a")}, ("n2", "a"))
    assert not {what for what, _ in n1.trace} & {"register", "preempt", "clear", "reserve"}


def test_a_registration_of_a_nexus_that_is_gone_stays_while_another_holds_and_is_told() -> None:
    targets = fresh(1)
    n2, anew = node("n2", targets), node("n1", targets, paths=("after-boot",))
    claimant(n2).take(units_of(n2))
    (target,) = targets.values()
    target.registered["n1", "before"] = KEYS["n1"]
    returned = _returned(anew)
    assert returned.clean(units_of(anew)) is True
    assert (set(target.registered), target.holder) == ({("n2", "a"), ("n1", "before")}, ("n2", "a"))
    assert "register" not in {what for what, _ in anew.trace}
    assert "registration_left" in str(cast("QuietContext", returned.context).said)


def test_what_this_boot_made_is_never_cleaned() -> None:
    targets = fresh(1)
    n1 = node("n1", targets)
    claimant(n1).take(units_of(n1))
    assert claimant(n1).clean(units_of(n1)) is False
    assert writers(targets) == {"n1"}


def test_a_returned_node_may_write_only_where_it_is_the_holder_and_alone() -> None:
    targets = fresh()
    n1 = node("n1", targets)
    anew = node("n1", targets, paths=("after-boot",))
    assert _returned(anew).hold_again(units_of(anew)) is False, "free units are not taken"
    claimant(n1).take(units_of(n1))
    assert _returned(anew).hold_again(units_of(anew)) is True
    assert all(("n1", "after-boot") in target.registered for target in targets.values())
    last = targets["/dev/sdc"]
    last.registered["n2", "a"] = KEYS["n2"]
    before = dict(last.registered)
    assert _returned(anew).hold_again(units_of(anew)) is False
    assert last.registered == before
