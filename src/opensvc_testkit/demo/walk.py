"""A walk: commands as an operator types them, each shown, run for real, and held to what it should do."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import typer
from attrs import field, frozen

from opensvc_core.api import OpenSVCError, open_agent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from opensvc_testkit.demo.stage import Stage

GRACE = 15.0
"""Seconds that a command has to take its work back once it was told to end."""
WIDTH = 80
INTERRUPTED = 130


class WalkError(Exception):
    """A command did not do what it should; the text says which and what it did."""


@frozen
class Scene:
    """One command of a walk.

    Attributes:
        story: what the audience should know before it, a paragraph; empty for nothing.
        line: one command, given to a shell as it stands: it may redirect its output, and holds no other command.
        status: exit status that it must end with.
        leaves: availability that the service must have afterwards (``up``, ``down``); empty is not looked at.
        before: what happens behind the scenes before it.
        limit: seconds that it may take; the longest takes a few.
    """

    story: str
    line: str
    status: int = 0
    leaves: str = ""
    before: Callable[[], None] | None = field(default=None, eq=False)
    limit: float = 60.0


def play(scenes: Sequence[Scene], stage: Stage, service: str) -> None:
    """Play a walk to its end on the terminal of this process.

    Args:
        scenes: its commands.
        stage: where they run.
        service: name of the service that they are about.

    Raises:
        WalkError: a command did not do what it should; the rest is not played.
        KeyboardInterrupt: the audience had enough; the command under way has ended.
    """
    environment = stage.environment(os.environ)
    for scene in scenes:
        if scene.before is not None:
            scene.before()
        tell(scene.story)
        show(scene.line)
        status = run(scene.line, stage, environment, scene.limit)
        if status != scene.status:
            raise WalkError(f"`{scene.line}` ended with {status}, not with {scene.status}")
        if scene.leaves:
            found = availability(service, stage, environment)
            if found != scene.leaves:
                raise WalkError(f"after `{scene.line}` {service} is {found}, not {scene.leaves}")


def run(line: str, stage: Stage, environment: Mapping[str, str], limit: float) -> int:
    """Run a command on the terminal of this process and give back its exit status.

    Args:
        line: one command, for a shell.
        stage: where it runs.
        environment: of the command.
        limit: seconds that it may take.

    Raises:
        WalkError: it took longer than its limit.
        KeyboardInterrupt: it was interrupted by the terminal, and has ended.
    """
    # Without `exec` a signal would end the shell and leave its command.
    child = subprocess.Popen(
        ["sh", "-c", f"exec {line}"], cwd=stage.folder, env=dict(environment), stdin=subprocess.DEVNULL
    )
    try:
        return child.wait(limit)
    except subprocess.TimeoutExpired:
        _end(child)
        raise WalkError(f"`{line}` did not end within {limit:g} s") from None
    except KeyboardInterrupt:
        # The terminal interrupted it too: it takes back what it did, and must not be cut short in that.
        _end(child, told=True)
        raise
    except BaseException:
        _end(child)
        raise


def _end(child: subprocess.Popen[bytes], *, told: bool = False) -> None:
    """Have a command end, by itself if it can."""
    if not told:
        child.send_signal(signal.SIGTERM)
    try:
        child.wait(GRACE)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        child.kill()
        child.wait()


def availability(service: str, stage: Stage, environment: Mapping[str, str]) -> str:
    """What a service's resources amount to, asked without words.

    Raises:
        WalkError: it cannot be asked.
    """
    try:
        agent = open_agent(stage.root, environment["OSVC_NODE"], path=environment["PATH"], os_name=stage.os_name)
        return agent.status([agent.load(service)])[service].avail.value
    except OpenSVCError as error:
        raise WalkError(f"the state of {service} cannot be asked: {error}") from error


def tell(story: str) -> None:
    """A paragraph for the audience."""
    if story:
        width = min(WIDTH, shutil.get_terminal_size().columns)
        _print("\n" + textwrap.fill(" ".join(story.split()), width, break_on_hyphens=False), is_bold=True)


def show(line: str) -> None:
    """A command, as it is typed."""
    _print(f"\n$ {line}", is_bold=False)


def show_output(text: str) -> None:
    """What is to be read, as it stands."""
    _print(f"\n{text}", is_bold=False)


def fail(text: str) -> None:
    """Say that the demo failed, on standard error."""
    typer.secho(f"the demo failed: {text}", err=True, fg="red", color=False if os.environ.get("NO_COLOR") else None)


def _print(text: str, *, is_bold: bool) -> None:
    # What commands print comes between: nothing may wait in a buffer.
    typer.secho(text, bold=is_bold, color=False if os.environ.get("NO_COLOR") else None)
    sys.stdout.flush()
