"""`osvc mon --watch`: looks again and again until it is told to stop."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from opensvc_core.cli.options import Color, Format
from opensvc_core.errors import OpenSVCError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    from opensvc_core.cli.asking import Answers


class Stopped(BaseException):
    """A signal asked to stop watching; nothing that handles ordinary errors may swallow it."""


def watch_services(
    names: Sequence[str], *, interval: float, timeout: float | None, form: Format, color: Color, is_local: bool = False
) -> int:
    """Look at services until SIGINT, SIGTERM or SIGHUP, and give back 0.

    On a terminal the table is drawn in place on a screen of its own, which is taken away at the end; elsewhere, and in
    plain and JSON (one document a line), each look follows the one before.

    Args:
        names: names or globs; none means all.
        interval: seconds between two looks.
        timeout: seconds for one look; ``None`` for the node's setting.
        form: table, plain or JSON.
        color: when to use colours.
        is_local: whether only this node is asked.

    Raises:
        OpenSVCError: the first look failed.
    """
    from opensvc_core.cli.terminal import is_terminal

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Stopped

    before = [(number, signal.signal(number, stop)) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    try:
        from opensvc_core.cli.asking import ask

        def look() -> Answers:
            return ask(names, timeout=timeout, is_local=is_local)

        if form is Format.TABLE and is_terminal(sys.stdout):
            from opensvc_core.cli.render.watch import draw_in_place
            from opensvc_core.cli.terminal import wants_color

            draw_in_place(look, interval=interval, has_color=wants_color(color))
        else:
            _print_again_and_again(look, interval, form)
    except Stopped:
        return 0
    finally:
        for number, handler in before:
            signal.signal(number, handler)
    return 0


def _print_again_and_again(look: Callable[[], Answers], interval: float, form: Format) -> None:
    import json
    import time

    from opensvc_core.cli.output import write

    is_read = True
    while is_read:
        answers = look()
        if form is Format.JSON:
            is_read = write(json.dumps(answers.document(), ensure_ascii=False) + "\n")
        elif form is Format.PLAIN:
            from opensvc_core.cli.plain import mon_lines

            is_read = write(mon_lines(answers.statuses, answers.words) + "\n")
        else:
            from opensvc_core.cli.render import to_text
            from opensvc_core.cli.render.status import mon_table

            is_read = write(to_text(mon_table(answers.statuses, None, answers.words, answers.at)) + "\n")
        if is_read:
            time.sleep(interval)


def look_or_error(look: Callable[[], Answers]) -> Answers | OpenSVCError:
    """One look; an error is shown in its place, and the next look may be better."""
    try:
        return look()
    except OpenSVCError as error:
        return error
