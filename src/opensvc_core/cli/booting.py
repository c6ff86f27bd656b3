"""Runs a boot or a shutdown of this node, tells it line by line, and prints what became of each service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.cli.options import Format
from opensvc_core.cli.output import say, write, write_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.boot import Rounds
    from opensvc_core.actions.execute import RunOptions
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
    print_rounds(verb, rounds, manner)
    return int(rounds.exit_status)


def print_rounds(verb: str, rounds: Rounds, manner: Manner) -> None:
    """Print what became of each service.

    Args:
        verb: what was done.
        rounds: the report.
        manner: how to print it.
    """
    if manner.form is Format.JSON:
        from opensvc_core.cli.document import note_documents, run_document
        from opensvc_core.cli.failure import error_document

        document = {
            "schema": 1,
            "action": verb,
            "runs": [run_document(run) for run in rounds.runs],
            "refused": {name: error_document(error)["error"] for name, error in rounds.refused.items()},
            "notes": note_documents(rounds.notes),
            "exit_status": int(rounds.exit_status),
        }
        write_json(document)
        return
    if manner.form is Format.PLAIN:
        from opensvc_core.cli.plain import line, run_lines

        write("".join(run_lines(run) for run in rounds.runs))
        write("".join(line("refused", name, error.code, error.message) for name, error in rounds.refused.items()))
        write("".join(line("note", note.severity.value, note.code, note.text) for note in rounds.notes))
        return
    from opensvc_core.cli.failure import error_text
    from opensvc_core.cli.verdict import problem_lines, verdict_lines

    for note in rounds.notes:
        say(f"{note.severity.value}: {note.text}")
    for error in dict.fromkeys(rounds.refused.values()):
        say(error_text(error))
    for run in rounds.runs:
        for text in problem_lines(run):
            say(text)
        write("".join(f"{text}\n" for text in verdict_lines(run)))
    write("".join(f"{name}: {verb} refused: {error.code}\n" for name, error in rounds.refused.items()))
    if not rounds.runs and not rounds.refused:
        write("nothing to do\n")
