"""What the environment says: the only place that reads it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.actions.agent import Agent
    from opensvc_core.peers import Peers


SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
"""Folders that hold a system's commands."""


@frozen
class Environment:
    """The variables that OpenSVC knows (``docs/reference/cli.md``).

    Attributes:
        root: ``OSVC_ROOT``, the root folder; ``None`` for ``/opt/opensvc``.
        node: ``OSVC_NODE``, the node's name; ``None`` for the host name.
        os_name: ``OSVC_OS``, its operating system as ``uname -s`` prints it; ``None`` for what the system says.
        disabled_drivers: ``OSVC_DISABLED_DRIVERS``, ids of drivers that are treated as not installed.
        path: ``PATH``, where commands are looked for.
        has_no_color: ``NO_COLOR`` is set and not empty.
        terminal: ``TERM``, the kind of terminal.
        sudo_user: ``SUDO_USER``, who became another user by ``sudo``.
        asked_of_ssh: ``SSH_ORIGINAL_COMMAND``, what sshd was asked to run in place of ``osvc peer``; empty for a shell.
        ssh_connection: ``SSH_CONNECTION``, addresses and ports of both ends; ``None`` if sshd did not start this.
    """

    root: Path | None = None
    node: str | None = None
    os_name: str | None = None
    disabled_drivers: frozenset[str] = frozenset()
    path: str = ""
    has_no_color: bool = False
    terminal: str = ""
    sudo_user: str = ""
    asked_of_ssh: str = ""
    ssh_connection: str | None = None

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Environment:
        """Read the variables; one that is empty counts as not set."""
        root = variables.get("OSVC_ROOT", "")
        disabled = variables.get("OSVC_DISABLED_DRIVERS", "").replace(",", " ")
        return cls(
            root=Path(root).absolute() if root else None,
            node=variables.get("OSVC_NODE") or None,
            os_name=variables.get("OSVC_OS") or None,
            disabled_drivers=frozenset(disabled.split()),
            path=variables.get("PATH", ""),
            has_no_color=bool(variables.get("NO_COLOR")),
            terminal=variables.get("TERM", ""),
            sudo_user=variables.get("SUDO_USER", ""),
            asked_of_ssh=variables.get("SSH_ORIGINAL_COMMAND", ""),
            ssh_connection=variables.get("SSH_CONNECTION") or None,
        )

    @property
    def command_path(self) -> str:
        """Where commands are looked for: ``PATH``, then the folders of a system's own commands (cron names few)."""
        given = [folder for folder in self.path.split(":") if folder]
        return ":".join(dict.fromkeys([*given, *SYSTEM_FOLDERS]))

    @property
    def user(self) -> str:
        """Who acts, where the login name of the process does not tell: ``alice (sudo)``, else empty."""
        return f"{self.sudo_user} (sudo)" if self.sudo_user else ""


def here() -> Environment:
    """The environment of this process."""
    return Environment.of(os.environ)


def open_here(root: Path | None = None, node: str | None = None) -> Agent:
    """The agent of this node as the environment describes it.

    Args:
        root: a root folder that is named otherwise, before ``OSVC_ROOT``.
        node: a node to read service files as, before ``OSVC_NODE``.

    Raises:
        ConfigError: ``etc/node.conf`` is wrong.
    """
    from opensvc_core.actions.opening import open_agent

    environment = here()
    agent = open_agent(
        root or environment.root,
        node or environment.node,
        path=environment.command_path,
        user=environment.user,
        argv=sys.argv,
        disabled_drivers=environment.disabled_drivers,
        os_name=environment.os_name,
        has_installed_observers=True,
    )
    folders = agent.node.folders
    if folders.ssh_known_hosts.exists() and folders.ssh_key.exists():
        from opensvc_core.peers import LaterPeers

        def reach_peers() -> Peers:
            from opensvc_core.cluster.ssh_peers import peers_of

            limits = agent.limits
            return peers_of(agent.node, agent.host, agent.clock, limits.peer, limits.status, limits.silence)

        agent.peers = LaterPeers(reach_peers)
    return agent
