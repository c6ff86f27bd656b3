"""Commands of LXC that stand still where a test asks them to, so that something can happen to the run meanwhile.

They also write down what was really done in a node, whoever asked for it: `deeds.py` reads that. Each is the real
command behind a script of the same name that comes first on PATH. A point is a file in `/run/points`:
`before.lxc-start` or `after.lxc-start`, with a part of the command line in it. The first command that comes to a point
takes it away, stands still, and goes on when it is let go, or when the node has lost its power.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import attrs

from tests.lab.nodes import Node
from tests.lab.specification import TOOLS

COMMANDS = ("lxc-attach", "lxc-info", "lxc-ls", "lxc-start", "lxc-stop")
DEEDS = "/var/log/deeds"
"""A line before a command and one after it: its number, `began` or its exit status, and its line."""
POINTS = "/run/points"
REACH_SECONDS = 60.0

_SCRIPT = f"""\
#!/bin/bash
tool=${{0##*/}}
stand() {{
    point={POINTS}/$1.$tool
    [ -e "$point" ] || return 0
    case "$line" in *"$(cat "$point" 2>/dev/null)"*) ;; *) return 0 ;; esac
    mv "$point" {POINTS}/taken 2>/dev/null || return 0
    echo "$line" >{POINTS}/reached
    while [ -e {POINTS}/taken ]; do sleep 0.02; done
}}
line="$tool $*"
stand before
echo "$$ began ${{line//$'\n'/ }}" >>{DEEDS}
"/usr/bin/$tool" "$@"
rc=$?
echo "$$ $rc ${{line//$'\n'/ }}" >>{DEEDS}
stand after
exit $rc
"""


class NotReachedError(RuntimeError):
    """The run ended before it came to the point."""


@attrs.frozen
class Standstill:
    """One point at which the next command of a node stands still.

    Attributes:
        node: where.
        when: `before` or `after` the real command.
        tool: one of `COMMANDS`.
        words: that its line must have, any if empty.
    """

    node: Node
    when: str
    tool: str
    words: str = ""

    @staticmethod
    def install(node: Node) -> None:
        """Put the commands into a node, which stand still nowhere."""
        for tool in COMMANDS:
            node.write(f"{TOOLS}/{tool}", _SCRIPT, mode=0o755)

    @staticmethod
    def clear(node: Node) -> None:
        """Let go whatever stands still in a node, and forget points that nobody came to."""
        if node.is_on:
            node.exec(["rm", "-rf", POINTS], check=True)

    def arm(self) -> None:
        """Have the next such command stand still."""
        self.node.write(f"{POINTS}/{self.when}.{self.tool}", self.words)

    def pass_on(self) -> None:
        """Let the command that stands still here go on; other points stay."""
        self.node.exec(["rm", "-f", f"{POINTS}/reached", f"{POINTS}/taken"], check=True)

    def wait(self, is_over: Callable[[], bool]) -> str:
        """Wait until a command stands still; its line.

        Args:
            is_over: whether nobody will come any more.

        Raises:
            NotReachedError: nobody will.
            TimeoutError: nobody did in a minute.
        """
        reached, limit = self.node.seen(f"{POINTS}/reached"), time.monotonic() + REACH_SECONDS
        while True:
            over = is_over()
            # Python's own pause: what stands still wakes nobody. The file is written in one piece, after the taking.
            if reached.exists() and (line := reached.read_text()).endswith("\n"):
                return line.strip()
            if over:
                raise NotReachedError(f"{self.when} {self.tool} {self.words}: not reached on {self.node.name}")
            if time.monotonic() > limit:
                raise TimeoutError(f"{self.when} {self.tool} {self.words}: not reached on {self.node.name}")
            time.sleep(0.005)
