"""``sg_persist``: the exact commands, every path, and what becomes of each failure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from opensvc_core.api import (
    Cancelled,
    CommandNotFound,
    CommandResult,
    CommandTimeout,
    Device,
    LogicalUnit,
    Outcome,
    Registrations,
    Reservation,
    ReservationError,
)
from opensvc_scsi_sg import SgPersist
from tests.opensvc_scsi_sg import samples
from tests.opensvc_scsi_sg.stand_ins import AnsweringHost, codes, context_on, multipathed, unit

KEY, VICTIM = 0x1111AAAA, 0x2222BBBB
SG = SgPersist()


@pytest.fixture
def host() -> AnsweringHost:
    return AnsweringHost()


Change = Callable[[LogicalUnit, AnsweringHost], Outcome]
CHANGES: dict[str, tuple[Change, list[str]]] = {
    "register": (
        lambda of, host: SG.register(unit=of, key=KEY, context=context_on(host)),
        [f"--register-ignore --param-sark=0x1111aaaa {path}" for path in ("/dev/sda", "/dev/sdc")],
    ),
    "unregister": (
        lambda of, host: SG.unregister(unit=of, key=KEY, context=context_on(host)),
        [f"--register --param-rk=0x1111aaaa --param-sark=0 {path}" for path in ("/dev/sda", "/dev/sdc")],
    ),
    "reserve": (
        lambda of, host: SG.reserve(unit=of, key=KEY, context=context_on(host)),
        ["--reserve --param-rk=0x1111aaaa --prout-type=5 /dev/sda"],
    ),
    "release": (
        lambda of, host: SG.release(unit=of, key=KEY, context=context_on(host)),
        [f"--release --param-rk=0x1111aaaa --prout-type=5 {path}" for path in ("/dev/sda", "/dev/sdc")],
    ),
    "preempt": (
        lambda of, host: SG.preempt(unit=of, key=KEY, victim=VICTIM, context=context_on(host)),
        ["--preempt-abort --param-sark=0x2222bbbb --param-rk=0x1111aaaa --prout-type=5 /dev/sda"],
    ),
    "clear": (
        lambda of, host: SG.clear(unit=of, key=KEY, context=context_on(host)),
        ["--clear --param-rk=0x1111aaaa /dev/sda"],
    ),
}
every_change = pytest.mark.parametrize("name", CHANGES)


@every_change
def test_the_commands(host: AnsweringHost, name: str) -> None:
    change, words = CHANGES[name]
    host.on("sg_persist")
    assert change(unit(), host).is_changed
    assert sorted(host.lines) == [f"sg_persist -n --out {each}" for each in words]
    assert all(command.changes for command in host.asked)


@every_change
@pytest.mark.parametrize(
    ("said", "code"),
    [
        (samples.SG_ATTENTION, "unit_attention"),
        (samples.SG_NO_SCSI, "not_supported"),
        (("PR out: transport error\n", 35), "failed"),
    ],
)
def test_refusals_have_their_codes(host: AnsweringHost, name: str, said: tuple[str, int], code: str) -> None:
    change, _ = CHANGES[name]
    host.refuse(said, "sg_persist")
    with pytest.raises(ReservationError, match=r"/dev/sd[ac]: sg_persist: ") as error:
        change(unit(), host)
    assert error.value.code == code


@every_change
def test_a_lost_command_stays_a_time_out(host: AnsweringHost, name: str) -> None:
    # Whether it had its effect is not known: the step must end as timed out, and nothing else be tried.
    change, words = CHANGES[name]
    host.fail(CommandTimeout("it hangs", argv=("sg_persist",)), "sg_persist")
    with pytest.raises(CommandTimeout):
        change(unit(), host)
    assert len(host.asked) == len(words)


@every_change
def test_a_missing_tool_is_told(host: AnsweringHost, name: str) -> None:
    change, _ = CHANGES[name]
    host.fail(CommandNotFound("sg_persist is not installed", argv=("sg_persist",), hint="install it"), "sg_persist")
    with pytest.raises(ReservationError, match="sg_persist is not installed") as error:
        change(unit(), host)
    assert (error.value.code, error.value.hint) == ("not_supported", "install it")


@pytest.mark.parametrize("name", ["register", "release"])
def test_a_path_that_fails_is_named_and_the_others_are_done(host: AnsweringHost, name: str) -> None:
    change, _ = CHANGES[name]
    host.refuse(samples.SG_OFFLINE, "/dev/sda")
    host.on("/dev/sdc")
    with pytest.raises(ReservationError, match="/dev/sda: "):
        change(unit(), host)
    assert len(host.asked) == 2


def test_of_two_failures_the_one_that_does_not_pass_is_told(host: AnsweringHost) -> None:
    host.refuse(samples.SG_ATTENTION, "/dev/sda")
    host.refuse(samples.SG_OFFLINE, "/dev/sdc")
    with pytest.raises(ReservationError) as error:
        SG.register(unit=unit(), key=KEY, context=context_on(host))
    assert error.value.code == "no_device"


def test_of_two_failures_the_lost_command_is_told(host: AnsweringHost) -> None:
    host.refuse(samples.SG_CONFLICT, "/dev/sda")
    host.fail(CommandTimeout("it hangs", argv=("sg_persist",)), "/dev/sdc")
    with pytest.raises(CommandTimeout):
        SG.release(unit=unit(), key=KEY, context=context_on(host))


def test_a_cancelled_run_is_cancelled(host: AnsweringHost) -> None:
    host.fail(CommandTimeout("it hangs", argv=("sg_persist",)), "/dev/sda")
    host.fail(Cancelled("enough"), "/dev/sdc")
    with pytest.raises(Cancelled):
        SG.register(unit=unit(), key=KEY, context=context_on(host))


def test_a_registration_that_is_not_there_is_given_up(host: AnsweringHost) -> None:
    host.refuse(samples.SG_CONFLICT, "--register")
    assert SG.unregister(unit=unit(), key=KEY, context=context_on(host)) == Outcome.changed()
    assert len(host.asked) == 2


@pytest.mark.parametrize("name", ["reserve", "preempt", "clear"])
def test_another_path_is_taken_where_one_is_lost(host: AnsweringHost, name: str) -> None:
    change, (words,) = CHANGES[name]
    host.refuse(samples.SG_OFFLINE, "/dev/sda")
    host.on("/dev/sdc")
    change(unit(), host)
    assert host.lines[-1] == f"sg_persist -n --out {words.replace('sda', 'sdc')}"


@pytest.mark.parametrize("name", ["reserve", "preempt", "clear"])
def test_a_conflict_is_not_asked_twice(host: AnsweringHost, name: str) -> None:
    change, _ = CHANGES[name]
    host.refuse(samples.SG_CONFLICT, "sg_persist")
    with pytest.raises(ReservationError) as error:
        change(unit(), host)
    assert error.value.code == "conflict"
    assert len(host.asked) == 1


def test_without_any_path_the_first_one_is_named(host: AnsweringHost) -> None:
    host.refuse(samples.SG_OFFLINE, "/dev/sda")
    host.refuse(samples.SG_NOT_READY, "/dev/sdc")
    with pytest.raises(ReservationError, match="/dev/sda") as error:
        SG.reserve(unit=unit(), key=KEY, context=context_on(host))
    assert error.value.code == "no_device"


def test_without_abort_the_device_is_preempted_and_it_is_said(host: AnsweringHost) -> None:
    host.refuse(samples.SG_NO_ABORT, "--preempt-abort")
    host.on("--preempt ")
    context = context_on(host)
    assert SG.preempt(unit=unit(), key=KEY, victim=VICTIM, context=context).is_changed
    assert host.lines[1:] == [
        "sg_persist -n --out --preempt --param-sark=0x2222bbbb --param-rk=0x1111aaaa --prout-type=5 /dev/sda"
    ]
    assert [note.code for note in context.notes] == ["preempt_without_abort"]


@pytest.mark.parametrize("said", [samples.SG_CONFLICT, samples.SG_ATTENTION, ("", 33), ("", 11)])
def test_after_any_other_refusal_nothing_weaker_is_tried(host: AnsweringHost, said: tuple[str, int]) -> None:
    host.refuse(said, "--preempt-abort")
    with pytest.raises(ReservationError):
        SG.preempt(unit=unit("/dev/sda"), key=KEY, victim=VICTIM, context=context_on(host))
    assert len(host.asked) == 1


# -- reading ----------------------------------------------------------------------------------------------------------


def test_keys_and_holder_are_read_only(host: AnsweringHost) -> None:
    host.on("--read-keys", stdout=samples.SG_TWO_KEYS)
    host.on("--read-reservation", stdout=samples.SG_HELD)
    one = unit()
    assert dict(SG.read_registrations(units=[one], context=context_on(host))) == {one: Registrations((KEY, VICTIM), 3)}
    assert dict(SG.read_holder(units=[one], context=context_on(host))) == {one: Reservation(KEY, 5, 3)}
    assert host.lines == [
        "sg_persist -n --in --read-keys /dev/sda",
        "sg_persist -n --in --read-reservation /dev/sda",
    ]
    for command in host.asked:
        assert not command.changes
        assert command.env["SG_PERSIST_IN_RDONLY"] == command.env["SG_PERSIST_O_RDONLY"] == "1"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (CommandResult(("sg_persist",), 0, "nonsense"), "failed"),
        (CommandResult(("sg_persist",), 0, samples.SG_FREE), "failed"),
        (CommandResult(("sg_persist",), 0, ""), "failed"),
        (CommandResult(("sg_persist",), 24, "", "PR in (Read keys): Reservation conflict"), "conflict"),
        (CommandResult(("sg_persist",), 9, "", "PR in (Read keys): command not supported"), "not_supported"),
        (CommandResult(("sg_persist",), 6, "", samples.SG_ATTENTION[0]), "unit_attention"),
        (CommandTimeout("it hangs", argv=("sg_persist",)), "failed"),
        (CommandNotFound("not installed", argv=("sg_persist",)), "not_supported"),
    ],
)
def test_a_unit_that_cannot_tell_spoils_no_other(
    host: AnsweringHost, answer: CommandResult | Exception, code: str
) -> None:
    host.answers.append((("/dev/sdz",), answer))
    host.on("/dev/sda", stdout=samples.SG_ONE_KEY)
    bad, good = unit("/dev/sdz", device="/dev/sdz", identity="naa.2"), unit("/dev/sda")
    assert codes(iter(SG.read_registrations(units=[bad, good], context=context_on(host)))) == {bad: code, good: ""}


def test_a_read_takes_the_path_that_answers(host: AnsweringHost) -> None:
    host.on("/dev/sda", rc=35, stderr="PR in (Read keys): transport error")
    host.on("/dev/sdc", stdout=samples.SG_ONE_KEY)
    one = unit()
    assert dict(SG.read_registrations(units=[one], context=context_on(host))) == {one: Registrations((KEY,), 1)}


def test_a_cancelled_read_answers_for_nothing(host: AnsweringHost) -> None:
    host.fail(Cancelled("enough"), "sg_persist")
    with pytest.raises(Cancelled):
        list(SG.read_holder(units=[unit(), unit("/dev/sdz", identity="naa.2")], context=context_on(host)))


# -- a dry run --------------------------------------------------------------------------------------------------------


def test_a_dry_run_makes_no_change_and_shows_each_command(host: AnsweringHost) -> None:
    context = context_on(host, dry=True)
    SG.register(unit=unit(), key=KEY, context=context)
    SG.reserve(unit=unit(), key=KEY, context=context)
    SG.preempt(unit=unit(), key=KEY, victim=VICTIM, context=context)
    assert host.asked == []
    assert context.recording is not None
    assert [str(each) for each in context.recording.commands] == [
        "sg_persist -n --out --register-ignore --param-sark=0x1111aaaa /dev/sda",
        "sg_persist -n --out --register-ignore --param-sark=0x1111aaaa /dev/sdc",
        "sg_persist -n --out --reserve --param-rk=0x1111aaaa --prout-type=5 /dev/sda",
        "sg_persist -n --out --preempt-abort --param-sark=0x2222bbbb --param-rk=0x1111aaaa --prout-type=5 /dev/sda",
    ]


def test_identify_needs_no_command(tmp_path: Path, host: AnsweringHost) -> None:
    backend = SgPersist(multipathed(tmp_path).choice())
    device = Device("/dev/sdb")
    ((_, answer),) = backend.identify(devices=[device], context=context_on(host))
    assert isinstance(answer, LogicalUnit)
    assert host.asked == []
