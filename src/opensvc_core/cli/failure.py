"""How an error reaches the operator: one line what, one line what to do, an exit status; JSON where JSON is asked."""

from __future__ import annotations

import errno
import json
import traceback

from attrs import frozen

from opensvc_core.cli.output import say
from opensvc_core.errors import (
    CommandError,
    ConfigError,
    ExitStatus,
    OpenSVCError,
    Vetoed,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

BUG_STATUS = 70
"""Exit status of a defect of this program (``EX_SOFTWARE`` of sysexits.h)."""


class UsageError(OpenSVCError):
    """The command line cannot be understood."""

    code = "usage"
    exit_status = ExitStatus.USAGE


@frozen
class Wishes:
    """What the command line asks of error messages, read off its words: it must work when they cannot be parsed.

    Attributes:
        is_json: ``--format json`` is among them.
        is_loud: ``-vv`` is among them: tracebacks are shown.
    """

    is_json: bool = False
    is_loud: bool = False

    @classmethod
    def of(cls, argv: Sequence[str]) -> Wishes:
        """Look at the words before ``--``."""
        words = list(argv[: argv.index("--")]) if "--" in argv else list(argv)
        pairs = zip(words, [*words[1:], ""], strict=True)
        loudness = sum(len(word) - 1 for word in words if len(word) > 1 and word[0] == "-" and set(word[1:]) == {"v"})
        return cls(
            is_json="--format=json" in words or any(pair == ("--format", "json") for pair in pairs),
            is_loud=loudness + words.count("--verbose") >= 2,
        )


def report(error: Exception, wishes: Wishes, command_line: str = "osvc") -> int:
    """Tell the operator of an error, on standard error, and give back the exit status.

    Args:
        error: any exception.
        wishes: how it is to be told.
        command_line: the command as typed, for the hint of a usage error.
    """
    told = _as_told(error, command_line)
    if wishes.is_loud:
        say("".join(traceback.format_exception(error)))
    if wishes.is_json:
        say(json.dumps(error_document(told), ensure_ascii=False))
    else:
        say(error_text(told))
    return BUG_STATUS if told.code == "bug" else int(type(told).exit_status)


def error_text(error: OpenSVCError) -> str:
    """``error: …`` and ``hint: …``; a message of several lines is told line by line."""
    lines = [f"error: {line}" for line in error.message.splitlines() or [type(error).__name__]]
    return "\n".join([*lines, *(f"hint: {line}" for line in error.hint.splitlines())])


def error_document(error: OpenSVCError) -> dict[str, Any]:
    """An error as JSON (``docs/reference/error.schema.json``)."""
    status = BUG_STATUS if error.code == "bug" else int(type(error).exit_status)
    inner: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "exit_status": status,
    }
    if isinstance(error, ConfigError):
        inner["problems"] = [
            {
                "file": str(problem.file),
                "line": problem.line,
                "section": problem.section,
                "keyword": problem.keyword,
                "message": problem.message,
                "hint": problem.hint,
            }
            for problem in error.problems
        ]
    if isinstance(error, Vetoed):
        inner["vetoes"] = [
            {"code": veto.code, "subject": veto.subject, "reason": veto.reason, "is_liftable": veto.is_liftable}
            for veto in error.vetoes
        ]
    if isinstance(error, CommandError):
        inner["command"] = {"argv": list(error.argv), "rc": error.rc, "stdout": error.stdout, "stderr": error.stderr}
    return {"schema": 1, "error": inner}


def _as_told(error: Exception, command_line: str) -> OpenSVCError:
    """The error in the operator's terms."""
    if isinstance(error, OpenSVCError):
        return error
    message = getattr(error, "format_message", None)
    if message is not None:  # a usage error of the command-line parser, whose class typer keeps to itself
        context = getattr(error, "ctx", None)
        path = getattr(context, "command_path", "") or command_line
        return UsageError(str(message()).rstrip("."), hint=f"`{path} --help` tells what it takes")
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return OpenSVCError(f"{place}{error.strerror}", code="os", hint=_os_hint(error))
    return OpenSVCError(
        f"this is a defect of osvc: {type(error).__name__}: {error}",
        code="bug",
        hint="run it again with -vv, and report what it prints",
    )


def _os_hint(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "run it as root, or name another root folder with OSVC_ROOT"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "free space below the root folder: `osvc version` names it, `df` tells how full it is"
    return "`osvc version` tells where the files of this node lie; OSVC_ROOT names another root folder"
