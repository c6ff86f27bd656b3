"""Exit statuses and words of the tools, as errors that the algorithm can act on and an operator can read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensvc_core.api import CommandResult
from opensvc_scsi_sg.exits import mpath_failure, sg_failure
from tests.opensvc_scsi_sg import samples

CODES = {"conflict", "unit_attention", "not_ready", "not_supported", "no_device", "failed"}


@pytest.mark.parametrize(
    ("said", "code", "text"),
    [
        (samples.SG_CONFLICT, "conflict", "PR out (Reserve): Reservation conflict (exit status 24)"),
        (samples.SG_ATTENTION, "unit_attention", "PR in (Read keys): Unit attention, Registrations preempted"),
        (samples.SG_NOT_READY, "not_ready", "PR out (Reserve): Device not ready"),
        (samples.SG_NO_ABORT, "not_supported", "PR out (Preempt and abort): bad field in cdb"),
        (samples.SG_NO_SUCH, "no_device", "error opening file /dev/nosuch (rw): No such file or directory"),
        (samples.SG_OFFLINE, "no_device", "No such device or address (exit status 56)"),
        (samples.SG_NO_SCSI, "not_supported", "PR in (Read keys): Inappropriate ioctl for device"),
        (samples.SG_LOOP, "not_supported", "PR in (Read keys): Invalid argument"),
        (samples.SG_BAD_OPTION, "failed", "unrecognized option '--bogus'"),
        (("PR in (Read keys): command not supported\n", 9), "not_supported", "command not supported"),
        (("PR out (Register): transport error\n", 35), "failed", "transport error"),
        (("", 55), "failed", "Input/output error (exit status 55)"),
        (("", 99), "failed", "it said nothing (exit status 99)"),
        (("", -9), "failed", "exit status -9"),
        (("", 24), "conflict", "reservation conflict"),
        (("", 26), "not_ready", "not ready"),
    ],
)
def test_sg_persist(said: tuple[str, int], code: str, text: str) -> None:
    stderr, rc = said
    error = sg_failure(CommandResult(("sg_persist",), rc, "", stderr), "/dev/sda")
    assert error is not None
    assert error.code == code
    assert error.message.startswith("/dev/sda: sg_persist: ")
    assert text in error.message
    assert "\n" not in error.message


@pytest.mark.parametrize(
    ("said", "code", "text"),
    [
        (samples.MPATH_CONFLICT, "conflict", "Reservation Conflict (exit status 11)"),
        (samples.MPATH_NO_ABORT, "not_supported", "not supported (exit status 5)"),
        (samples.MPATH_OTHER_KEY, "failed", "mpatha: configured reservation key doesn't match: 0xdef (exit status 1)"),
        (samples.MPATH_NO_DAEMON, "failed", "ux socket connect error; mpatha: failed to set prkey for multipathd."),
        (samples.MPATH_NO_SUCH, "no_device", "/dev/nosuch: error opening file (rw) fd=-1"),
        (samples.MPATH_PLAIN_DISK, "failed", "8:0 failed to get device alias."),
        (("persistent reserve out: scsi status: Unit Attention\n", "", 6), "unit_attention", "Unit Attention"),
        (("", "", 24), "failed", "it said nothing (exit status 24)"),
    ],
)
def test_mpathpersist(said: tuple[str, str, int], code: str, text: str) -> None:
    stdout, stderr, rc = said
    error = mpath_failure(CommandResult(("mpathpersist",), rc, stdout, stderr), "/dev/mapper/mpatha")
    assert error is not None
    assert error.code == code
    assert text in error.message
    assert "\n" not in error.message


def test_what_to_do_is_said_where_it_is_known() -> None:
    stdout, stderr, rc = samples.MPATH_OTHER_KEY
    other = mpath_failure(CommandResult(("mpathpersist",), rc, stdout, stderr), "/dev/mapper/mpatha")
    assert other is not None
    assert "reservation_key file" in other.hint
    stdout, stderr, rc = samples.MPATH_NO_DAEMON
    daemon = mpath_failure(CommandResult(("mpathpersist",), rc, stdout, stderr), "/dev/mapper/mpatha")
    assert daemon is not None
    assert "multipathd must run" in daemon.hint


@given(st.integers(-64, 255), st.text(), st.text())
def test_an_exit_other_than_0_is_always_an_error_with_a_code_of_the_contract(rc: int, stdout: str, stderr: str) -> None:
    result = CommandResult(("tool",), rc, stdout, stderr)
    for failure in (sg_failure, mpath_failure):
        error = failure(result, "/dev/sda")
        if rc != 0:
            assert error is not None
        assert error is None or error.code in CODES


def test_success() -> None:
    assert sg_failure(CommandResult(("sg_persist",)), "/dev/sda") is None
    assert mpath_failure(CommandResult(("mpathpersist",), 0, "", "762.6 | ux socket connect error\n"), "m") is None
