"""Errors as lines: what, what to do, the right exit status; a traceback only when asked for."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from opensvc_core import errors
from opensvc_core.cli.failure import BUG_STATUS, Wishes, report
from opensvc_core.errors import ConfigError, ConfigProblem, ExitStatus, Locked, OpenSVCError, Vetoed
from opensvc_core.model import Veto


def subclasses(kind: type[OpenSVCError]) -> list[type[OpenSVCError]]:
    return [kind, *(found for child in kind.__subclasses__() for found in subclasses(child))]


def test_what_and_what_to_do_are_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    status = report(Locked("vm188: the lock is held by root (pid 12)", hint="wait, or look at `osvc log`"), Wishes())
    told = capsys.readouterr()
    assert status == ExitStatus.LOCKED
    assert told.out == ""
    assert told.err == "error: vm188: the lock is held by root (pid 12)\nhint: wait, or look at `osvc log`\n"


def test_what_a_tool_printed_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    report(Locked("net0: \x1b[2Jit says\x07 no\x9b31m", hint="two\r\nlines"), Wishes())
    told = capsys.readouterr().err
    assert told.splitlines()[0] == "error: net0:  [2Jit says  no 31m"
    assert not {"\x1b", "\x07", "\x9b", "\r"} & set(told)


def test_every_problem_of_a_file_has_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [ConfigProblem(Path("/e/x.env"), n, "ip#1", "ipname", "is missing") for n in (3, 9)]
    assert report(ConfigError(problems), Wishes()) == ExitStatus.CONFIG
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == ["error: /e/x.env:3: [ip#1] ipname: is missing", "error: /e/x.env:9: [ip#1] ipname: is missing"]


def test_a_veto_names_the_permit_that_lifts_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(Vetoed([Veto("duplicate_address", "10.0.0.9 answers", "vm188/ip#1")]), Wishes()) == 4
    assert "--permit duplicate_address" in capsys.readouterr().err


def test_json_errors_are_one_object_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    report(Locked("held", hint="wait"), Wishes(is_json=True))
    told = capsys.readouterr()
    assert told.out == ""
    assert json.loads(told.err)["error"] == {"code": "locked", "message": "held", "hint": "wait", "exit_status": 5}


def test_a_defect_is_called_a_defect_and_its_traceback_is_shown_only_on_demand(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        divmod(1, 0)
    assert report(caught.value, Wishes()) == BUG_STATUS
    assert "Traceback" not in capsys.readouterr().err
    report(caught.value, Wishes(is_loud=True))
    assert "Traceback" in capsys.readouterr().err


def test_a_full_disk_says_what_to_free(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(OSError(errno.ENOSPC, "No space left on device"), Wishes()) == 1
    assert "hint: free space below the root folder" in capsys.readouterr().err


def test_a_missing_right_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(PermissionError(13, "Permission denied", "/opt/opensvc/var"), Wishes()) == 1
    assert capsys.readouterr().err.startswith("error: /opt/opensvc/var: Permission denied\nhint: run it as root")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["status", "--format", "json"], Wishes(is_json=True)),
        (["status", "--format=json", "-v"], Wishes(is_json=True)),
        (["start", "x", "-vv"], Wishes(is_loud=True)),
        (["start", "x", "-v", "--verbose"], Wishes(is_loud=True)),
        (["start", "-v"], Wishes()),
        (["start", "--", "-vv", "--format", "json"], Wishes()),
        (["start", "--format", "plain", "json"], Wishes()),
    ],
)
def test_wishes_are_read_off_the_words(words: list[str], expected: Wishes) -> None:
    assert Wishes.of(words) == expected


def test_the_page_of_exit_statuses_has_each_of_them_and_each_code() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "exit-status.md").read_text()
    for status in ExitStatus:
        assert f"| {int(status)} |" in page, status
    assert f"| {BUG_STATUS} |" in page
    for kind in subclasses(OpenSVCError):
        if kind.__module__ == errors.__name__ and kind is not OpenSVCError:
            assert f"`{kind.code}`" in page, kind
