"""Dry runs as JSON-ready values. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.cli.document import Document, plan_document, step_document

if TYPE_CHECKING:
    from opensvc_core.actions.preview import Preview


def preview_document(preview: Preview) -> Document:
    """What a dry run found out (``plan.schema.json``): steps in an order that respects every edge."""
    steps = [
        {
            **step_document(item.step),
            "status": item.status.value,
            "commands": [{"host": c.host, "argv": list(c.argv), "shell": str(c)} for c in item.commands],
            "is_unchanged": item.is_unchanged,
            "undetermined": item.undetermined,
            "error": item.error,
        }
        for item in preview.steps
    ]
    return plan_document(preview.plan, steps, preview.vetoes, preview.notes)
