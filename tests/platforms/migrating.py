"""Agents of several simulated nodes in one process: the drivers that are installed, and sessions with one another."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path

from attrs import define

from opensvc_core.actions.agent import Agent
from opensvc_core.actions.opening import open_agent
from opensvc_core.node import Folders, Node
from opensvc_core.prkey import format_key, own_key
from tests.opensvc_core.cluster.loopback import Cluster, LoopbackPeers


@define
class SimulatedAgents(Cluster):
    """Nodes whose commands lie in folders of their own.

    Attributes:
        os_name: of all of them.
    """

    os_name: str = "Linux"

    @classmethod
    def on(cls, folder: Path, commands: Mapping[str, Path], name: str, text: str, os_name: str) -> SimulatedAgents:
        """Agents with one service, which know each other's reservation keys."""
        made = cls(folder, os_name=os_name)
        keys = {}
        for node in commands:
            root = folder / node / "root"
            (root / "etc").mkdir(parents=True, exist_ok=True)
            (root / "etc" / f"{name}.env").write_text(text)
            keys[node] = format_key(own_key(Node(node, os_name, Folders(root)), secrets.randbits))
        for node, path in commands.items():
            made.agents[node] = open_agent(
                folder / node / "root",
                node,
                path=f"{path}:/usr/bin:/bin",
                os_name=os_name,
                user="ann",
                peers=LoopbackPeers(made, node),
                settings={"prkeys": {other: key for other, key in keys.items() if other != node}},
            )
        return made

    def agent(self, node: str) -> Agent:
        """The agent of a node."""
        return self.agents[node]
