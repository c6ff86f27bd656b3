"""Reports as lines of fields with tabs between them, for grep and awk; fields are only added at the end. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.cli.words import flags, local_time, mon_cells, others_of, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opensvc_core.cli.document import Document
    from opensvc_core.cli.words import Other
    from opensvc_core.events import Event
    from opensvc_core.journal import RunRecord
    from opensvc_core.model import Note
    from opensvc_core.run import Run, StepResult
    from opensvc_core.standing import NodeWord
    from opensvc_core.status import ServiceStatus


def line(*fields: object) -> str:
    """One line; tabs, line ends and control characters in a field become blanks, an empty field becomes ``-``."""
    return "\t".join(" ".join(printable(str(field)).split()) or "-" for field in fields) + "\n"


def status_lines(statuses: Mapping[str, ServiceStatus], words: Mapping[str, NodeWord] | None = None) -> str:
    """``service rid status flags driver label`` a resource, ``service overall|avail status`` a service.

    Notes follow what they are about as ``service rid # severity code text``. Of another node ``service @node status
    current|old|unknown avail moment``.
    """
    lines = []
    for name, status in statuses.items():
        lines.append(line(name, "overall", status.overall.value, "frozen" if status.is_frozen else "."))
        lines += _notes(name, "overall", status.notes)
        lines.append(line(name, "avail", status.avail.value, "."))
        for item in status.resources:
            resource = item.resource
            fields = (item.shown.value, flags(resource), resource.driver, resource.label)
            lines.append(line(name, resource.rid, *fields))
            lines += _notes(name, resource.rid, item.report.notes)
        lines += [_other(name, other) for other in others_of(status, words or {})]
    return "".join(lines)


def _notes(service: str, what: str, notes: Iterable[Note]) -> list[str]:
    return [line(service, what, "#", note.severity.value, note.code, note.text) for note in notes]


def _other(name: str, other: Other) -> str:
    standing = other.standing
    age = ("current" if other.is_current else "old") if other.is_known else "unknown"
    return line(name, f"@{other.node}", standing.overall.value, age, standing.avail.value, local_time(standing.at))


def mon_lines(statuses: Mapping[str, ServiceStatus], words: Mapping[str, NodeWord] | None = None) -> str:
    """One line a service: the columns of ``osvc mon``, statuses in full.

    Where other nodes were asked, they are the last field: ``node2=avail/overall``, with ``?`` behind what is not of
    now, blanks in a state as ``_``, and commas between nodes.
    """
    lines = []
    for status in statuses.values():
        cells = [cell if isinstance(cell, str) else cell.value for cell in mon_cells(status)]
        if words:
            cells.append(",".join(_other_word(other) for other in others_of(status, words)))
        lines.append(line(*cells))
    return "".join(lines)


def _other_word(other: Other) -> str:
    states = f"{other.standing.avail.value}/{other.standing.overall.value}".replace(" ", "_")
    return f"{other.node}={states}{'' if other.is_current else '?'}"


def plan_lines(document: Document) -> str:
    """``step id state after node`` a step, ``command id host words`` a command, ``rest``, ``veto``, ``note`` lines."""
    lines = [line("note", note["severity"], note["code"], note["text"]) for note in document["notes"]]
    lines += [line("veto", veto["code"], veto["subject"], veto["reason"]) for veto in document["vetoes"]]
    for step in document["steps"]:
        lines.append(line("step", step["id"], step.get("status", ""), ",".join(step["requires"]), step["node"]))
        lines += [line("command", step["id"], c["host"], c["shell"]) for c in step.get("commands", ())]
        lines += [line(word, step["id"], step[word]) for word in ("undetermined", "error") if step.get(word)]
    return "".join(lines)


def run_lines(run: Run) -> str:
    """``step id state seconds text node`` a step, ``back …`` one of the way back, then ``run id service outcome``."""
    lines = [_result("step", result) for result in run.results]
    lines += [_result("back", result) for result in run.rollback]
    lines += [line("note", note.severity.value, note.code, note.text) for note in run.notes]
    lines += [line("run", run.id, name, outcome.value) for name, outcome in run.outcomes.items()]
    return "".join(lines)


def _result(word: str, result: StepResult) -> str:
    return line(word, result.step.id, result.state.value, f"{result.seconds:.3f}", result.text, result.step.node)


def log_lines(records: Sequence[RunRecord]) -> str:
    """``id began service action user outcome`` a run."""
    return "".join(
        line(record.id, local_time(record.began), record.service, record.action, record.user, record.outcome)
        for record in records
    )


def event_line(event: Event) -> str:
    """An event of a run as one line for people who read a log, empty for one that says nothing new."""
    from opensvc_core.cli.words import clock_time

    text = event_text(event)
    return f"{clock_time(event.at)} {' '.join(text.split())}" if text else ""


def event_text(event: Event) -> str:
    """What an event says, without its time."""
    import shlex

    data = event.data
    back = " (way back)" if data.get("way_back") else ""
    about = f"{event.step}{back}" if event.step else event.service
    match event.kind.value:
        case "step_begin":
            return f"{about}: begins"
        case "step_end":
            text = f": {event.text}" if event.text else ""
            state = data.get("state", "ended")
            took = "" if state in {"skipped", "kept"} else f" after {float(data.get('seconds', 0)):.1f} s"
            return f"{about}: {state}{took}{text}"
        case "note":
            return f"{about or 'run'}: {data.get('severity', 'info')}: {event.text}"
        case "step_progress" | "command_begin":
            command = shlex.join(data.get("argv", ()))
            return f"{about}: {event.text or f'runs `{command}`'}"
        case "rollback_begin":
            return f"{event.service}: way back begins: {event.text}"
        case "run_begin":
            return f"run {event.run_id}: {event.text} begins"
        case "run_end" | "status":
            return f"{f'run {event.run_id}' if event.run_id else event.service}: {event.text}"
    return ""
