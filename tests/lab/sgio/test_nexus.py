"""SCSI tools through the shim: what they see is what the target says, or the fault that a test has set."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from tests.lab.sgio import nexus
from tests.lab.sgio.bench import NexusBench
from tests.lab.sgio.nexus import Fault, Nexus
from tests.lab.uml.san import Holder

CONFLICT = 24
UNIT_ATTENTION = 6
NOBODY = 2
"""What `sg_persist` makes of ENXIO, "no such device or address": it takes the disk for one that is not ready."""
MORE = 60.0
"""Seconds: more than any test lasts."""

Add = Callable[[str], Nexus]


def persist(initiator: Nexus, *words: str, unit: int = 1) -> subprocess.CompletedProcess[str]:
    """`sg_persist` on a unit."""
    return initiator.run(["sg_persist", "-n", *words, initiator.device(unit)])


def write(initiator: Nexus, letter: str) -> int:
    """WRITE (10) of the first block of unit 1; the exit status of `sg_raw`."""
    device, block = initiator.device(1), initiator.folder / "block"
    block.write_text(letter * 512)
    command = ["2a", "0", "0", "0", "0", "0", "0", "0", "1", "0"]
    return initiator.run(["sg_raw", "-s", "512", "-i", str(block), device, *command]).returncode


def test_unmodified_tools_reach_the_target(nexus_bench: NexusBench, sg_nexus: Add) -> None:
    one = sg_nexus("one")
    assert nexus_bench.luns[2].serial in one.run(["sg_inq", one.device(3)]).stdout
    assert one.run(["sg_turs", one.device(1)]).returncode == 0
    assert write(one, "a") == 0
    assert nexus_bench.luns[0].read(0, 512) == b"a" * 512
    read = ["sg_raw", "-b", "-r", "512", "-o", "-", one.device(1), "28", "0", "0", "0", "0", "0", "0", "0", "1", "0"]
    assert one.run(read).stdout == "a" * 512


def test_two_nexuses_fight_for_a_unit(nexus_bench: NexusBench, sg_nexus: Add) -> None:
    one, two = sg_nexus("one"), sg_nexus("two")
    lun = nexus_bench.luns[0]
    assert persist(one, "-o", "-I", "-S", "0xa").returncode == 0
    assert persist(two, "-o", "-I", "-S", "0xb").returncode == 0
    assert persist(one, "-o", "-R", "-T", "5", "-K", "0xa").returncode == 0
    assert persist(two, "-o", "-R", "-T", "5", "-K", "0xb").returncode == CONFLICT
    found = nexus_bench.san.reservations(lun)
    assert (found.keys, found.holder) == ((0xA, 0xB), Holder(0xA, 5))
    assert persist(two, "-o", "-P", "-T", "5", "-K", "0xb", "-S", "0xa").returncode == 0
    assert nexus_bench.san.reservations(lun).holder == Holder(0xB, 5)
    # The standard has "Registrations preempted" for this; tgt says so.
    news = persist(one, "-k")
    assert news.returncode == UNIT_ATTENTION
    assert "Reservations preempted" in news.stderr
    assert persist(one, "-k").returncode == 0
    assert write(one, "a") == CONFLICT
    assert write(two, "b") == 0
    assert nexus_bench.luns[0].read(0, 1) == b"b"


def test_a_nexus_that_logs_in_again_is_a_stranger_to_tgt(nexus_bench: NexusBench, sg_nexus: Add) -> None:
    one = sg_nexus("one")
    persist(one, "-o", "-I", "-S", "0xa")
    persist(one, "-o", "-R", "-T", "5", "-K", "0xa")
    one.cut()
    assert persist(one, "-k").returncode == NOBODY
    one.log_in()
    assert nexus_bench.san.reservations(nexus_bench.luns[0]).holder == Holder(0xA, 5)
    assert write(one, "a") == CONFLICT


@pytest.mark.parametrize(
    ("what", "status", "text"),
    [
        (nexus.CONFLICT, CONFLICT, "Reservation conflict"),
        (nexus.NOT_READY, 2, "Device not ready"),
        (nexus.UNSUPPORTED_COMMAND, 9, "command not supported"),
        (nexus.UNSUPPORTED_FIELD, 5, "bad field in cdb"),
        (nexus.REGISTRATIONS_PREEMPTED, UNIT_ATTENTION, "Registrations preempted"),
        (nexus.RESERVATIONS_RELEASED, UNIT_ATTENTION, "Reservations released"),
        (nexus.RESERVATIONS_PREEMPTED, UNIT_ATTENTION, "Reservations preempted"),
        (nexus.MEDIUM_ERROR, 3, "Medium"),
        (nexus.ABORTED, 11, "Aborted"),
        (nexus.BUSY, 26, ""),
        (nexus.LOST, 50 + 5, "Input/output error"),
    ],
)
def test_faults_are_told_in_the_targets_place(sg_nexus: Add, what: str, status: int, text: str) -> None:
    one = sg_nexus("one")
    one.set_faults(Fault(what, "5e/00", lun=2, times=1))
    assert persist(one, "-k").returncode == 0
    assert persist(one, "-r", unit=2).returncode == 0
    told = persist(one, "-k", unit=2)
    assert (told.returncode, text in told.stderr) == (status, True), told.stderr
    assert persist(one, "-k", unit=2).returncode == 0


def test_the_target_learns_nothing_of_a_fault_and_all_of_a_delay(nexus_bench: NexusBench, sg_nexus: Add) -> None:
    one = sg_nexus("one")
    one.set_faults(Fault(nexus.CONFLICT, "5f"))
    assert persist(one, "-o", "-I", "-S", "0xa").returncode == CONFLICT
    assert nexus_bench.san.reservations(nexus_bench.luns[0]).keys == ()
    one.set_faults(Fault(nexus.delay(0.05), "5f"))
    assert persist(one, "-o", "-I", "-S", "0xa").returncode == 0
    assert nexus_bench.san.reservations(nexus_bench.luns[0]).keys == (0xA,)
    one.set_faults()
    assert persist(one, "-o", "-I", "-S", "0x0").returncode == 0


def test_who_waits_keeps_nobody_waiting(sg_nexus: Add) -> None:
    one = sg_nexus("one")
    one.set_faults(Fault(nexus.delay(MORE), lun=1))
    line = ["sg_persist", "-n", "-k", one.device(1)]
    with subprocess.Popen(line, env=one.env, stdout=subprocess.DEVNULL) as slow:
        assert persist(one, "-k", unit=2).returncode == 0
        assert slow.poll() is None
        slow.kill()


def test_a_cleared_bench_has_nothing_left_of_a_test(nexus_bench: NexusBench, sg_nexus: Add) -> None:
    one = sg_nexus("one")
    persist(one, "-o", "-I", "-S", "0xa")
    persist(one, "-o", "-R", "-T", "5", "-K", "0xa")
    write(one, "a")
    nexus_bench.clear()
    found = nexus_bench.san.reservations(nexus_bench.luns[0])
    assert (found.keys, found.holder) == ((), None)
    assert nexus_bench.luns[0].read(0, 1) == b"\0"
    assert persist(one, "-k").returncode == NOBODY


def test_devices_are_named_as_the_kernel_would(sg_nexus: Add) -> None:
    one = sg_nexus("one")
    assert [one.device(unit).rpartition("/")[2] for unit in (1, 26, 27, 52, 53)] == [
        "sda",
        "sdz",
        "sdaa",
        "sdaz",
        "sdba",
    ]


def test_a_target_that_does_not_answer_is_an_error(nexus_bench: NexusBench) -> None:
    url, nexus_bench.san.url = nexus_bench.san.url, nexus_bench.san.url.replace("10.79.0.254", "10.79.0.253")
    try:
        with pytest.raises(RuntimeError, match="lost cannot log in"):
            nexus_bench.add("lost")
    finally:
        nexus_bench.san.url = url
