"""The agent under test, run as a command inside a node."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

import attrs

from tests.lab.nodes import Node
from tests.lab.processes import NodeProcess

OSVC_SECONDS = 90.0


@attrs.frozen
class Osvc:
    """Runs `osvc` in a node with a root folder of the test's own.

    Attributes:
        root: `$OSVC_ROOT` in the node.
        uses: nodes on which it has run; the fixture clears the folder there.
    """

    root: str
    uses: list[Node] = attrs.field(factory=list)

    def __call__(
        self, node: Node, *args: str, timeout: float = OSVC_SECONDS, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run `osvc ARGS` in `node` and wait for it.

        Raises:
            subprocess.TimeoutExpired: it took longer than `timeout` seconds; it was killed.
        """
        self._note(node)
        return node.exec(self._argv(args), timeout=timeout, env=self._env(env))

    def popen(self, node: Node, *args: str, env: Mapping[str, str] | None = None) -> NodeProcess:
        """Start `osvc ARGS` in `node`; signals sent to what this returns reach the agent."""
        self._note(node)
        return node.popen(self._argv(args), env=self._env(env))

    def write_service(self, node: Node, name: str, text: str) -> None:
        """Write the service file `etc/<name>.env`."""
        self._note(node)
        node.write(f"{self.root}/etc/{name}.env", text)

    def _argv(self, args: tuple[str, ...]) -> list[str]:
        # Whoever runs the tests in the background of a shell ignores SIGINT, and what is ignored stays so.
        return ["env", "--default-signal=INT,HUP", sys.executable, "-m", "opensvc_core", *args]

    def _env(self, env: Mapping[str, str] | None) -> dict[str, str]:
        return {"OSVC_ROOT": self.root, **(env or {})}

    def _note(self, node: Node) -> None:
        if node not in self.uses:
            self.uses.append(node)
