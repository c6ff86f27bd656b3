"""A plan for people: steps in their order, what each waits for, the commands that it would run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.padding import Padding
from rich.text import Text

from opensvc_core.cli.render import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from opensvc_core.cli.document import Document

INDENT = 6
NOTHING_CHANGED = Text("nothing was changed", style="dim")


def plan_view(document: Document) -> RenderableType:
    """A plan's JSON form as text for a terminal.

    Args:
        document: as ``preview_document`` makes it.
    """
    return Group(*_parts(document), NOTHING_CHANGED)


def plans_view(documents: Sequence[Document]) -> RenderableType:
    """Several plans, one after the other.

    Args:
        documents: as ``preview_document`` makes them.
    """
    return Group(*(Group(*_parts(document)) for document in documents), NOTHING_CHANGED)


def _parts(document: Document) -> list[RenderableType]:
    steps = document["steps"]
    numbers = {step["id"]: number for number, step in enumerate(steps, 1)}
    services = ", ".join(document["services"])
    count = f"{len(steps)} step{'' if len(steps) == 1 else 's'}"
    parts: list[RenderableType] = [Text.assemble((f"{document['action']} {services}", "bold"), f": {count}")]
    parts += [Text(f"# {clean(note['text'])}", style="yellow") for note in document["notes"]]
    for veto in document["vetoes"]:
        lift = f" (--permit {veto['code']} lifts it)" if veto["is_liftable"] else ""
        parts.append(Text(f"! refused: {veto['subject']}: {clean(veto['reason'])} [{veto['code']}]{lift}", style="red"))
        if veto["hint"]:
            parts.append(Padding(Text(f"hint: {veto['hint']}"), (0, 0, 0, 2)))
    spans = len({step["node"] for step in steps}) > 1
    for step in steps:
        parts += _step(step, numbers, spans=spans)
    return parts


def _step(step: Document, numbers: dict[str, int], *, spans: bool) -> list[RenderableType]:
    after = sorted(numbers[other] for other in step["requires"] if other in numbers)
    head = Text.assemble(
        (f"{numbers[step['id']]:>3}. ", "dim"),
        (step["id"], "bold"),
        f" on {step['node']}" if spans and not step["id"].endswith(f" on {step['node']}") else "",
        f"  (now {step['status']})" if step.get("status") else "",
        (f"  after {', '.join(str(number) for number in after)}" if after else "", "dim"),
    )
    below = [Text(f"{command['host']}$ {clean(command['shell'])}", "cyan") for command in step.get("commands", ())]
    if step.get("undetermined"):
        below.append(Text(clean(step["undetermined"]), style="yellow"))
    if step.get("error"):
        below.append(Text(f"error: {clean(step['error'])}", style="red"))
    if not below:
        below.append(Text("nothing to do" if step.get("is_unchanged") else "no command", style="dim"))
    return [head, *(Padding(text, (0, 0, 0, INDENT)) for text in below)]
