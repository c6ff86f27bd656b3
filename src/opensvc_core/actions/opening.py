"""Opening this node's agent: what it is made of, where nobody hands in something else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from opensvc_core.actions.agent import Agent
from opensvc_core.actions.limits import read_limits
from opensvc_core.backends import ReservationBackends
from opensvc_core.clock import Clock, SystemClock
from opensvc_core.dispatcher import Dispatcher
from opensvc_core.node import DEFAULT_ROOT, Folders, Node
from opensvc_core.peers import NoPeers, Peers
from opensvc_core.registry import RESERVATIONS, Registry

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from opensvc_core.host import Host
    from opensvc_core.observers import Observers
    from opensvc_core.surroundings import Network

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where commands are looked for when nobody says otherwise."""


def open_agent(  # noqa: PLR0913 - each is a thing that an embedder may hand in, all by name
    root: Path | None = None,
    node_name: str | None = None,
    *,
    path: str = DEFAULT_PATH,
    user: str = "",
    argv: Sequence[str] = (),
    disabled_drivers: Collection[str] = (),
    clock: Clock | None = None,
    host: Host | None = None,
    network: Network | None = None,
    peers: Peers | None = None,
    policies: Sequence[object] = (),
    observers: Sequence[object] = (),
    has_installed_observers: bool = False,
    settings: Mapping[str, Mapping[str, str]] | None = None,
    os_name: str | None = None,
) -> Agent:
    """Open this node's agent.

    Args:
        root: root folder, ``/opt/opensvc`` by default.
        node_name: name of this node, its host name by default.
        path: where commands are looked for.
        user: who acts; the login name of the process by default.
        argv: the command line, for the journal.
        disabled_drivers: ids that are treated as not installed.
        clock: source of time.
        host: where commands run.
        network: what is found out about addresses.
        peers: the other nodes; nobody by default.
        policies: pluggy plugins that wrap every hook.
        observers: objects with ``observe(event)``.
        has_installed_observers: whether those of the entry points ``opensvc.observers`` see the events too, as they
            see those of ``osvc``; they are loaded at the first.
        settings: of the node, read from ``etc/node.conf`` by default.
        os_name: operating system of the node as ``uname -s`` prints it; that of this machine by default.

    Raises:
        ConfigError: ``etc/node.conf`` is wrong.
    """
    from opensvc_core.host.local import LocalHost
    from opensvc_core.host.network import SystemNetwork
    from opensvc_core.host.processes import read_boot_id
    from opensvc_core.journal import Journal

    folders = Folders(root or DEFAULT_ROOT)
    system = os.uname()
    if settings is None:
        from opensvc_core.config.node_conf import read_node_conf

        settings = read_node_conf(folders.etc / "node.conf")
    node = Node(node_name or system.nodename, os_name or system.sysname, folders, settings, read_boot_id())
    disabled = frozenset(disabled_drivers)
    used_clock = clock or SystemClock()
    used_host = host or LocalHost(node.name, path, os_name=node.os_name, clock=used_clock)
    agent = Agent(
        node=node,
        clock=used_clock,
        dispatcher=Dispatcher(Registry(disabled=disabled), policies, observers),
        host=used_host,
        network=network or SystemNetwork(node, used_host, used_clock),
        journal=Journal(folders.journal, used_clock),
        peers=peers or NoPeers(),
        user=user or _login_name(),
        argv=tuple(argv),
        limits=read_limits(settings, folders.etc / "node.conf"),
        reservations=ReservationBackends(Registry(RESERVATIONS, disabled), policies),
    )
    if has_installed_observers:
        agent.dispatcher.reach_installed = lambda: installed_observers(agent)
    return agent


def installed_observers(agent: Agent) -> Observers:
    """The observers that are installed beside an agent, not loaded yet."""
    from opensvc_core.observers import Observers
    from opensvc_core.registry import OBSERVERS

    return Observers(Registry(OBSERVERS, agent.dispatcher.registry.disabled), agent=agent)


def _login_name() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
