"""``mpathpersist``: the exact commands on the map, versions, and what becomes of each failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from opensvc_core.api import (
    CommandNotFound,
    CommandResult,
    CommandTimeout,
    Device,
    LogicalUnit,
    Registrations,
    Reservation,
    ReservationError,
)
from opensvc_scsi_sg import MpathPersist
from tests.opensvc_scsi_sg import samples
from tests.opensvc_scsi_sg.stand_ins import KEYED, LUN1, AnsweringHost, FakeSys, codes, context_on, multipathed, unit

KEY, VICTIM = 0xABC, 0xDEF
MAP = Device("/dev/mapper/mpatha")


@pytest.fixture
def host() -> AnsweringHost:
    return AnsweringHost()


@pytest.fixture
def sys(tmp_path: Path) -> FakeSys:
    return multipathed(tmp_path)


@pytest.fixture
def backend(sys: FakeSys) -> MpathPersist:
    return MpathPersist(sys.choice(*KEYED))


def test_the_commands(backend: MpathPersist, host: AnsweringHost) -> None:
    host.on("mpathpersist")
    host.on("sg_persist")
    context, one = context_on(host), unit("/dev/sda", device=MAP.path)
    backend.register(unit=one, key=KEY, context=context)
    backend.reserve(unit=one, key=KEY, context=context)
    backend.preempt(unit=one, key=KEY, victim=VICTIM, context=context)
    backend.release(unit=one, key=KEY, context=context)
    backend.unregister(unit=one, key=KEY, context=context)
    backend.clear(unit=one, key=KEY, context=context)
    assert host.lines == [
        "mpathpersist --out --register-ignore --param-sark=0xabc /dev/dm-0",
        "mpathpersist --out --reserve --param-rk=0xabc --prout-type=5 /dev/dm-0",
        "mpathpersist --out --preempt-abort --param-sark=0xdef --param-rk=0xabc --prout-type=5 /dev/dm-0",
        # mpathpersist's own release would clear the disk of another node that holds it.
        "sg_persist -n --out --release --param-rk=0xabc --prout-type=5 /dev/sda",
        "mpathpersist --out --register-ignore --param-rk=0xabc --param-sark=0 /dev/dm-0",
        "mpathpersist --out --clear --param-rk=0xabc /dev/dm-0",
    ]


def test_a_unit_named_by_one_of_its_paths_is_spoken_to_by_its_map(backend: MpathPersist, host: AnsweringHost) -> None:
    host.on("--read-keys", stdout=samples.MPATH_TWO_KEYS)
    host.on("--read-reservation", stdout=samples.MPATH_HELD)
    one = unit(device="/dev/sdc")
    context = context_on(host)
    assert dict(backend.read_registrations(units=[one], context=context)) == {one: Registrations((KEY, KEY), 4)}
    assert dict(backend.read_holder(units=[one], context=context)) == {one: Reservation(KEY, 5, 4)}
    assert host.lines == [
        "mpathpersist --in --read-keys /dev/dm-0",
        "mpathpersist --in --read-reservation /dev/dm-0",
    ]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (CommandResult(("mpathpersist",), 0, "", ""), "failed"),
        (CommandResult(("mpathpersist",), 0, samples.SG_NO_KEYS, ""), "failed"),
        (CommandResult(("mpathpersist",), 6, "persistent reserve in: scsi status: Unit Attention\n"), "unit_attention"),
        (CommandResult(("mpathpersist",), 13, "", samples.MPATH_PLAIN_DISK[1]), "failed"),
        (CommandTimeout("it hangs", argv=("mpathpersist",)), "failed"),
        (CommandNotFound("not installed", argv=("mpathpersist",)), "not_supported"),
    ],
)
def test_a_map_that_cannot_tell(
    backend: MpathPersist, host: AnsweringHost, answer: CommandResult | Exception, code: str
) -> None:
    host.answers.append((("mpathpersist",), answer))
    one = unit(device=MAP.path)
    assert codes(iter(backend.read_registrations(units=[one], context=context_on(host)))) == {one: code}


@pytest.mark.parametrize(
    ("said", "code", "text"),
    [
        (samples.MPATH_CONFLICT, "conflict", "Reservation Conflict"),
        (samples.MPATH_OTHER_KEY, "failed", "configured reservation key doesn't match"),
        (samples.MPATH_NO_DAEMON, "failed", "failed to set prkey for multipathd"),
    ],
)
def test_refusals(backend: MpathPersist, host: AnsweringHost, said: tuple[str, str, int], code: str, text: str) -> None:
    host.refuse(said, "mpathpersist")
    with pytest.raises(ReservationError, match=text) as error:
        backend.reserve(unit=unit(device=MAP.path), key=KEY, context=context_on(host))
    assert error.value.code == code


def test_a_lost_command_stays_a_time_out(backend: MpathPersist, host: AnsweringHost) -> None:
    host.fail(CommandTimeout("it hangs", argv=("mpathpersist",)), "mpathpersist")
    with pytest.raises(CommandTimeout):
        backend.preempt(unit=unit(device=MAP.path), key=KEY, victim=VICTIM, context=context_on(host))
    assert len(host.asked) == 1


def test_without_abort_the_device_is_preempted_and_it_is_said(backend: MpathPersist, host: AnsweringHost) -> None:
    host.refuse(samples.MPATH_NO_ABORT, "--preempt-abort")
    host.on("--preempt ")
    context = context_on(host)
    backend.preempt(unit=unit(device=MAP.path), key=KEY, victim=VICTIM, context=context)
    assert len(host.asked) == 2
    assert [note.code for note in context.notes] == ["preempt_without_abort"]


def test_after_a_conflict_nothing_weaker_is_tried(backend: MpathPersist, host: AnsweringHost) -> None:
    host.refuse(samples.MPATH_CONFLICT, "--preempt-abort")
    with pytest.raises(ReservationError) as error:
        backend.preempt(unit=unit(device=MAP.path), key=KEY, victim=VICTIM, context=context_on(host))
    assert error.value.code == "conflict"
    assert len(host.asked) == 1


def test_a_map_that_went_away_is_no_device(tmp_path: Path, host: AnsweringHost) -> None:
    (tmp_path / "without").mkdir()
    sys = FakeSys(tmp_path / "without")
    sys.disk("sda", LUN1)
    with pytest.raises(ReservationError, match="is no path of a multipath map any more") as error:
        MpathPersist(sys.choice()).reserve(unit=unit(), key=KEY, context=context_on(host))
    assert error.value.code == "no_device"


# -- identity ---------------------------------------------------------------------------------------------------------


def identified(backend: MpathPersist, host: AnsweringHost) -> LogicalUnit | ReservationError:
    ((_, answer),) = backend.identify(devices=[MAP], context=context_on(host))
    return answer


@pytest.mark.parametrize("said", [samples.MULTIPATH_HELP, "multipath-tools v0.7.9 (2018)\n", "something else\n"])
def test_a_map_is_identified_with_one_command_for_all(backend: MpathPersist, host: AnsweringHost, said: str) -> None:
    host.on("multipath -h", stderr=said)
    assert identified(backend, host) == LogicalUnit(MAP, LUN1, ("/dev/sda", "/dev/sdc"))
    assert host.lines == ["multipath -h"]


def test_an_old_version_keeps_no_keys(backend: MpathPersist, sys: FakeSys, host: AnsweringHost) -> None:
    host.on("multipath -h", stderr="multipath-tools v0.7.8 (07/24, 2018)\n", rc=1)
    error = identified(backend, host)
    assert isinstance(error, ReservationError)
    assert error.code == "not_supported"
    assert "0.7.8" in error.message
    # With a key in the file it is the administrator who keeps it.
    keyed = sys.choice("defaults {", " reservation_key 0xabc", "}")
    assert isinstance(identified(MpathPersist(keyed), host), LogicalUnit)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CommandNotFound("multipath is not installed", argv=("multipath",)), "not_supported"),
        (CommandTimeout("it hangs", argv=("multipath",)), "failed"),
    ],
)
def test_without_multipath_no_map_is_identified(
    backend: MpathPersist, host: AnsweringHost, error: Exception, code: str
) -> None:
    host.fail(error, "multipath")
    answer = identified(backend, host)
    assert isinstance(answer, ReservationError)
    assert answer.code == code
