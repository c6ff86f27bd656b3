"""Runs a boot or a shutdown of this node, tells it line by line, and prints what became of each service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opensvc_core.cli.options import Format
from opensvc_core.cli.output import say, write, write_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.execute import RunOptions
    from opensvc_core.actions.rounds import Rounds
    from opensvc_core.cli.manner import Limits, Manner


def tell_rounds(
    verb: str, limits: Limits, manner: Manner, work: Callable[[Agent, RunOptions], Rounds], agent: Agent | None = None
) -> int:
    """Do something for all services of this node, tell it, and give back the exit status.

    Args:
        verb: ``boot``, ``shutdown`` or ``drain``.
        limits: what bounds each run.
        manner: how it is told; always in lines, as nobody sits before a boot.
        work: does it.
        agent: of this node.
    """
    from opensvc_core.actions.execute import RunOptions
    from opensvc_core.cli.environment import open_here
    from opensvc_core.cli.plain import event_line
    from opensvc_core.cli.signals import cancelling
    from opensvc_core.clock import Cancel
    from opensvc_core.events import Event, EventKind

    agent = agent or open_here()
    is_silent = manner.form is Format.JSON
    quiet = {EventKind.COMMAND_BEGIN, EventKind.COMMAND_END, EventKind.STEP_PROGRESS}

    def on_event(event: Event) -> None:
        line = "" if is_silent or (event.kind in quiet and not manner.verbosity) else event_line(event)
        if line:
            say(line)

    cancel = Cancel()
    options = RunOptions(
        cancel=cancel,
        on_event=on_event,
        wait=limits.wait,
        max_parallel=limits.max_parallel,
        time_limit=limits.time_limit,
    )
    with cancelling(cancel, say):
        rounds = work(agent, options)
    if rounds.is_dry:
        print_previews(verb, rounds, manner)
        return 0
    print_rounds(verb, rounds, manner)
    return int(rounds.exit_status)


def print_previews(verb: str, rounds: Rounds, manner: Manner) -> None:
    """Print what would be done for each service, and what would be refused.

    Args:
        verb: what would be done.
        rounds: of a dry run.
        manner: how to print them.
    """
    from opensvc_core.cli.previews import preview_document

    plans = [preview_document(each) for each in rounds.previews]
    if manner.form is Format.JSON:
        write_json({"schema": 1, "action": verb, "plans": plans, **_refusals(rounds)})
        return
    if manner.form is Format.PLAIN:
        from opensvc_core.cli.plain import plan_lines

        write("".join(plan_lines(plan) for plan in plans) + _refusal_lines(rounds))
        return
    if plans:
        from opensvc_core.cli.render import to_text
        from opensvc_core.cli.render.plan import plans_view
        from opensvc_core.cli.terminal import wants_color

        write(to_text(plans_view(plans), has_color=wants_color(manner.color)))
    _tell_refusals(verb, rounds)


def print_rounds(verb: str, rounds: Rounds, manner: Manner) -> None:
    """Print what became of each service.

    Args:
        verb: what was done.
        rounds: the report.
        manner: how to print it.
    """
    if manner.form is Format.JSON:
        from opensvc_core.cli.document import run_document

        runs = [run_document(run) for run in rounds.runs]
        write_json({"schema": 1, "action": verb, "runs": runs, **_refusals(rounds), "exit_status": rounds.exit_status})
        return
    if manner.form is Format.PLAIN:
        from opensvc_core.cli.plain import run_lines

        write("".join(run_lines(run) for run in rounds.runs) + _refusal_lines(rounds))
        return
    from opensvc_core.cli.verdict import problem_lines, verdict_lines

    for run in rounds.runs:
        for text in problem_lines(run):
            say(text)
        write("".join(f"{text}\n" for text in verdict_lines(run)))
    _tell_refusals(verb, rounds)


def _refusals(rounds: Rounds) -> dict[str, Any]:
    from opensvc_core.cli.document import note_documents
    from opensvc_core.cli.failure import error_document

    refused = {name: error_document(error)["error"] for name, error in rounds.refused.items()}
    return {"refused": refused, "notes": note_documents(rounds.notes)}


def _refusal_lines(rounds: Rounds) -> str:
    from opensvc_core.cli.plain import line

    refused = "".join(line("refused", name, error.code, error.message) for name, error in rounds.refused.items())
    return refused + "".join(line("note", note.severity.value, note.code, note.text) for note in rounds.notes)


def _tell_refusals(verb: str, rounds: Rounds) -> None:
    from opensvc_core.cli.failure import error_text

    for note in rounds.notes:
        say(f"{note.severity.value}: {note.text}")
    for error in dict.fromkeys(rounds.refused.values()):
        say(error_text(error))
    write("".join(f"{name}: {verb} refused: {error.code}\n" for name, error in rounds.refused.items()))
    if not rounds.runs and not rounds.previews and not rounds.refused:
        write("nothing to do\n")
