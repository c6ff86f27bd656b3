"""Commands around the making of snapshots: what puts an application to rest, and what wakes it up again."""

from __future__ import annotations

import shlex
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opensvc_core.api import ActionError, Cancelled, Keyword, Kind, Severity
from opensvc_core.resting import Resting, forget_resting, remember_resting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opensvc_core.api import Context, Resource

PRE, POST, LIMIT = "presnap_trigger", "postsnap_trigger", "snap_trigger_timeout"
CODE = "snap_trigger"
KEYWORDS = (
    Keyword(
        PRE,
        "Command that is run before the snapshots of `snap` are made, without a shell. If it fails, none is made and "
        "nothing is sent. Default: what `[default]` says.",
        inherits=PRE,
        example="/opt/db/bin/backup begin",
    ),
    Keyword(
        POST,
        "Command that is run when they are made, before anything is sent; also where they could not be made, and where "
        "`presnap_trigger` failed. Default: what `[default]` says.",
        inherits=POST,
        example="/opt/db/bin/backup end",
    ),
    Keyword(LIMIT, "Time that each of both commands has.", Kind.DURATION, default=60.0, example="5m"),
)

_guard = threading.Lock()
_resting: dict[str, threading.Lock] = {}


def refuse_triggers(resource: Resource) -> str:
    """Why the commands of a resource cannot be run; empty if they can."""
    for keyword in (PRE, POST):
        try:
            _words(resource, keyword)
        except ValueError as error:
            return f"{keyword}: it cannot be split into words: {error}"
    return ""


@contextmanager
def triggered(resource: Resource, context: Context) -> Iterator[None]:
    """Run one command before the block, the other behind it, for one copy of a service at a time.

    Copies to several nodes go side by side: one must not wake up the application while another one's snapshot is due.

    Raises:
        ActionError: the first command failed, or it could not be written down what is owed: the block was not entered.
        Cancelled: the run was cancelled.
    """
    before, after = _words(resource, PRE), _words(resource, POST)
    if not before and not after:
        yield
        return
    resting = Resting(resource.id.service, resource.rid, after, resource.seconds(LIMIT))
    with _alone(resource.id.service, context):
        if after and not context.is_dry_run:
            _remember(resting, context)
        try:
            if before:
                _rest(before, resting, context)
            yield
        finally:
            if after:
                _wake(resting, context)


def _remember(resting: Resting, context: Context) -> None:
    """From here on a kill leaves what is still to be run on disk: ``actions.waking`` finds it there."""
    try:
        remember_resting(context.node.folders, resting)
    except OSError as error:
        text = f"it cannot be written down that {POST} is to be run: {error}"
        raise ActionError(text, code=CODE, hint="nothing was run or sent: make room below var/") from error


def _rest(words: tuple[str, ...], resting: Resting, context: Context) -> None:
    try:
        context.run(*words, timeout=resting.limit, env=resting.env)
    except Cancelled:
        raise
    except ActionError as error:
        hint = "nothing was sent, and the copies are as they were; see what it says: osvc log"
        raise ActionError(f"{PRE}: {error.message}", code=CODE, hint=hint) from error


def _wake(resting: Resting, context: Context) -> None:
    """In any case, cancelled or not: what was put to rest, perhaps, must not stay so."""
    from opensvc_core.builtin.snapshot import beyond_cancel

    try:
        beyond_cancel(context, resting.limit + 1.0, POST).run(*resting.argv, timeout=resting.limit, env=resting.env)
    except ActionError as error:
        text = f"{POST}: {error.message}: see whether the application is still at rest"
        context.note(text, CODE, Severity.WARNING)
    if context.is_dry_run:
        return
    try:
        forget_resting(context.node.folders, resting)
    except OSError as error:
        context.note(f"{POST}: it may be run once more: {error}", CODE, Severity.WARNING)


def _words(resource: Resource, keyword: str) -> tuple[str, ...]:
    """The words of a command. Raises ValueError for quotes without an end."""
    return tuple(shlex.split(str(resource.options.get(keyword) or "")))


@contextmanager
def _alone(service: str, context: Context) -> Iterator[None]:
    with _guard:
        lock = _resting.setdefault(service, threading.Lock())
    what = f"the snapshots of another copy of {service} to be made"
    context.wait_until(lambda: lock.acquire(blocking=False), what, context.deadline.remaining())
    try:
        yield
    finally:
        lock.release()
