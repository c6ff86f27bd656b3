"""What was really done to a guest in a node, whoever asked for it, as the commands of LXC themselves wrote it down."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from tests.lab.cluster.standstill import DEEDS
from tests.lab.nodes import Node

_CHANGES = {
    "lxc-start": ("start", "container#0"),
    "lxc-stop": ("stop", "container#0"),
    "S10db start": ("start", "app#0"),
    "K10db stop": ("stop", "app#0"),
}
"""By what is in the line of a command: the step that it belongs to, as the journals name it."""


@attrs.frozen
class Deed:
    """A command that changes something and was begun.

    Attributes:
        node: name of the node in which.
        action: of the step that it belongs to.
        rid: of the resource.
        is_done: whether it was seen to end well.
    """

    node: str
    action: str
    rid: str
    is_done: bool

    @property
    def place(self) -> tuple[str, str, str]:
        """Node, action and resource: what a step of a journal is found by."""
        return self.node, self.action, self.rid


@attrs.define
class Deeds:
    """What is done in nodes from now on.

    Attributes:
        nodes: they are, all on now.
    """

    nodes: Sequence[Node]
    _marks: dict[str, int] = attrs.Factory(dict)

    def __attrs_post_init__(self) -> None:
        """What was done before is passed over."""
        self._marks = {node.name: len(_lines(node)) for node in self.nodes}

    def read(self) -> list[Deed]:
        """What was done since, node by node; all nodes must be on."""
        found = []
        for node in self.nodes:
            lines = [line.split(" ", 2) for line in _lines(node)[self._marks[node.name] :]]
            for number, (pid, word, line) in enumerate(lines):
                change = next((step for words, step in _CHANGES.items() if words in line), None)
                if word == "began" and change is not None:
                    ends = [end for end in lines[number:] if end[0] == pid and end[1] != "began"]
                    found.append(Deed(node.name, *change, is_done=bool(ends) and ends[0][1] == "0"))
        return found


def _lines(node: Node) -> list[str]:
    file = node.seen(DEEDS)
    return file.read_text().splitlines() if file.exists() else []
