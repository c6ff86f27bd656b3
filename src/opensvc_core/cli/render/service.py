"""A service as this node understands its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from rich.tree import Tree

from opensvc_core.cli.render import clean
from opensvc_core.cli.words import as_written

if TYPE_CHECKING:
    from rich.console import RenderableType

    from opensvc_core.cli.document import Document


def service_view(document: Document) -> RenderableType:
    """A tree of sections and the values that hold on this node, defaults among them.

    Args:
        document: as ``service_document`` makes it.
    """
    tree = Tree(Text(document["name"], style="bold"), guide_style="dim", highlight=False)
    tree.add(Text(f"file = {document['file']}", style="dim"))
    _options(tree.add("[default]", highlight=False), document["options"])
    for rid, resource in document["resources"].items():
        branch = tree.add(Text.assemble((f"[{rid}]", "bold"), f"  {resource['driver']}"))
        if resource["problem"]:
            branch.add(Text(clean(resource["problem"]), style="red"))
        marks = [word for word in ("disabled", "optional", "standby") if resource[word]]
        if marks:
            branch.add(Text(", ".join(marks), style="yellow"))
        _options(branch, resource["options"])
    return tree


def _options(branch: Tree, options: Document) -> None:
    for name, value in options.items():
        if value is not None and value not in ("", []):
            branch.add(Text(f"{name} = {clean(as_written(value))}"))
