"""A hook's commands: what of them the journal and errors may tell."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import define, field

from opensvc_core.commands import NOT_KEPT
from opensvc_core.context import Context
from opensvc_core.errors import CommandFailed, CommandTimeout
from opensvc_core.host import Command, CommandResult, Spawned
from tests.opensvc_core.world import World

TOLD = "hunter2"


@define
class Kept:
    """A journal of commands in memory."""

    results: list[CommandResult | None] = field(factory=list)
    errors: list[str] = field(factory=list)

    def begin(self, host: str, command: Command) -> str:
        return f"{host}.{len(self.results)}"

    def spawned(self, command_id: str, process: Spawned) -> None: ...

    def end(self, command_id: str, result: CommandResult | None, error: str) -> None:
        self.results.append(result)
        self.errors.append(error)


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def context(tmp_path: Path, kept: Kept) -> Context:
    made = World(tmp_path).context("start")
    made.command_log = kept
    return made


@pytest.mark.simulated
def test_output_that_holds_secrets_is_given_to_the_driver_and_to_nobody_else(context: Context, kept: Kept) -> None:
    script = f"echo {TOLD}; echo careful >&2"
    for ask in (context.query, context.run):
        assert ask("sh", "-c", script).stdout == f"{TOLD}\n"
        assert ask("sh", "-c", script, has_secrets=True).stdout == f"{TOLD}\n"
    assert [(each.stdout, each.stderr) for each in kept.results if each] == [
        (f"{TOLD}\n", "careful\n"),
        (NOT_KEPT, "careful\n"),
    ] * 2


@pytest.mark.simulated
def test_an_error_quotes_no_secret(context: Context, kept: Kept) -> None:
    fails, hangs = ("sh", "-c", "cat; exit 3"), ("sh", "-c", "cat; exec sleep 60")
    for argv, error, limit in ((fails, CommandFailed, 10.0), (hangs, CommandTimeout, 0.3)):
        with pytest.raises(error, match=TOLD):
            context.query(*argv, input=TOLD.encode(), timeout=limit)
        kept.errors.clear()
        with pytest.raises(error) as raised:
            context.query(*argv, input=TOLD.encode(), timeout=limit, has_secrets=True)
        assert TOLD not in raised.value.message
        assert TOLD not in "".join(kept.errors)


@pytest.mark.simulated
def test_a_secret_of_a_guest_is_none_of_this_nodes_journal(tmp_path: Path, kept: Kept) -> None:
    world = World(tmp_path)
    context = world.context("start")
    context.command_log = kept
    guest = context.guest(world.resources[0])
    assert guest.query("echo", TOLD, has_secrets=True).stdout == f"{TOLD}\n"
    assert [each.stdout for each in kept.results if each] == [NOT_KEPT]
