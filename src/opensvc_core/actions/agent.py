"""The agent as a library: everything that actions need, handed in, and a method for each action."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, evolve, field

from opensvc_core.actions.limits import Limits, read_limits
from opensvc_core.backends import ReservationBackends
from opensvc_core.clock import Cancel, Clock, SystemClock
from opensvc_core.dispatcher import Dispatcher
from opensvc_core.errors import OpenSVCError
from opensvc_core.graph import ServiceGraph, build_graph
from opensvc_core.model import Resource
from opensvc_core.node import DEFAULT_ROOT, Folders, Node
from opensvc_core.peers import NoPeers, Peers
from opensvc_core.plan import Plan, Selection, make_plan
from opensvc_core.registry import RESERVATIONS, Registry

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from opensvc_core.actions.drivers import DriverListing
    from opensvc_core.actions.execute import RunOptions
    from opensvc_core.actions.preview import Preview
    from opensvc_core.actions.rounds import Rounds
    from opensvc_core.attempt import Authority
    from opensvc_core.events import Event
    from opensvc_core.feed import Feed
    from opensvc_core.host import Host
    from opensvc_core.journal import CommandRecord, Journal, RunRecord
    from opensvc_core.model import Evidence, Service
    from opensvc_core.observers import Observers
    from opensvc_core.reservation_units import Backends
    from opensvc_core.retention import Usage
    from opensvc_core.run import Run
    from opensvc_core.status import ServiceStatus
    from opensvc_core.surroundings import Network

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where commands are looked for when nobody says otherwise."""


def _ignore(event: Event) -> None:
    """Nobody listens."""


def _no_backends() -> Backends:
    from opensvc_core.reservation_units import NoBackends

    return NoBackends()


@define
class Agent:
    """One node's agent. Make it with ``open_agent``.

    Attributes:
        node: this node.
        clock: source of time.
        dispatcher: drivers.
        host: where this node's commands run.
        network: what it can find out about addresses.
        journal: what runs did.
        peers: the other nodes.
        user: who acts, for locks and journal.
        argv: the command line, for the journal.
        limits: of this node.
        reservations: the installed reservation backends.
    """

    node: Node
    clock: Clock
    dispatcher: Dispatcher
    host: Host
    network: Network
    journal: Journal
    peers: Peers = field(factory=NoPeers)
    user: str = ""
    argv: tuple[str, ...] = ()
    limits: Limits = field(factory=Limits)
    reservations: Backends = field(factory=_no_backends)

    @property
    def feed(self) -> Feed:
        """What changed here, for whoever reports it."""
        from opensvc_core.feed import Feed

        return Feed(self.journal)

    def journal_usage(self) -> Usage:
        """How full the journal is, what is still to be reported, what is to be warned of.

        Raises:
            ConfigError: `journal_days` or `journal_size` cannot be read.
            JournalError: the journal cannot be read.
        """
        from opensvc_core.retention import measure, read_keep

        return measure(self.journal, read_keep(self.node))

    # -- services -------------------------------------------------------------------------------------------------

    def find(self, patterns: Sequence[str] = ()) -> tuple[str, ...]:
        """Names of services by glob, sorted, all for none. Raises ServiceNotFound for a glob that matches nothing."""
        from opensvc_core.actions.find import find_services

        return find_services(self.node, patterns)

    def load(self, name: str) -> Service:
        """Read and check a service file. Raises ServiceNotFound, ConfigError."""
        from opensvc_core.actions.find import service_file
        from opensvc_core.config.load import load_service

        return load_service(service_file(self.node, name), self.node, self.dispatcher.describe, name=name)

    def graph(self, service: Service) -> ServiceGraph:
        """The graph of a service with what its drivers add. Raises PlanError.

        A resource whose driver cannot say what it adds counts as one whose driver is broken.
        """
        companions: list[Resource] = []
        broken: dict[Resource, OpenSVCError] = {}
        for resource in service.resources:
            try:
                companions += () if resource.problem else self.dispatcher.companions(resource)
            except OpenSVCError as error:
                broken[resource] = error
        if broken:
            resources = tuple(
                evolve(each, problem=broken[each].message, hint=broken[each].hint) if each in broken else each
                for each in service.resources
            )
            service = evolve(service, resources=resources)
        reserved = [resource for resource in service.resources if resource.options.get("scsireserv")]
        if reserved and self.reservations.names:
            from opensvc_core.companion import reservation_of  # most services have none

            companions += [reservation_of(resource) for resource in reserved]
        return build_graph(service, companions)

    def graphs(self, services: Iterable[Service]) -> list[ServiceGraph]:
        """The graphs of several services."""
        return [self.graph(service) for service in services]

    # -- reading --------------------------------------------------------------------------------------------------

    def status(
        self, services: Sequence[Service], *, selection: Selection | None = None, timeout: float | None = None
    ) -> dict[str, ServiceStatus]:
        """Ask the platforms for the state of services on this node, in as few commands as they allow.

        Args:
            services: what to ask about.
            selection: which of their resources to show; others are asked only where these depend on them.
            timeout: seconds for everything; what has not come by then is ``undef``.
        """
        from opensvc_core.actions.status import service_statuses

        return service_statuses(self, services, selection or Selection(), timeout)

    def plan(self, action: str, services: Sequence[Service], selection: Selection | None = None) -> Plan:
        """What ``start``, ``stop`` or ``restart`` would do. Raises PlanError."""
        chosen = selection or Selection()
        return make_plan(action, self.graphs(services), chosen, self.node.name, asks_peers=self.peers.asks)

    def plan_move(self, verb: str, services: Sequence[Service], to: str = "", *, dead: Collection[str] = ()) -> Plan:
        """What ``switch``, ``takeover``, ``giveback``, ``failover`` or ``migrate`` would do: one plan over two nodes.

        Args:
            verb: which of them.
            services: what is to be moved.
            to: the node to move to, for ``switch``, ``failover`` and ``migrate``.
            dead: nodes that the operator declares dead.

        Raises:
            PlanError: no such node, or nothing to move.
            PeerError: a node of the plan cannot be asked.
            Vetoed: a fail-over on the disaster-recovery node, while a production node cannot be asked; a guest that
                cannot be migrated.
        """
        if verb == "migrate":
            from opensvc_core.actions.migrate import migration_plan

            return migration_plan(self, services, to)
        from opensvc_core.actions.move import move_plan

        return move_plan(self, verb, services, to, dead)

    def preview(self, plan: Plan, *, evidence: Sequence[Evidence] = ()) -> Preview:
        """Walk a plan without changing anything: vetoes, and the commands that would change something."""
        from opensvc_core.actions.preview import preview

        return preview(self, plan, evidence)

    def history(self, name: str = "", limit: int = 20, run_id: str = "") -> list[RunRecord]:
        """Runs from the journal, newest first; of one service, or of all. Raises JournalError."""
        return self.journal.history(name, limit, run_id)

    def commands(self, run_id: str) -> list[CommandRecord]:
        """Commands of a run, from the journal. Raises JournalError."""
        return self.journal.commands(run_id)

    def last_cut(self, name: str) -> RunRecord | None:
        """The run of a service that was interrupted or ended unknown and was not put right. Raises JournalError."""
        from opensvc_core.actions.leftovers import last_cut

        return last_cut(self, name)

    def drivers(self) -> list[DriverListing]:
        """Installed drivers and what the platform lacks for them; nothing is imported that nobody asked for."""
        from opensvc_core.actions.drivers import list_drivers

        return list_drivers(self)

    def check_drivers(self) -> list[DriverListing]:
        """Every installed driver, loaded; those that fail carry the problem."""
        from opensvc_core.actions.drivers import check_drivers

        return check_drivers(self)

    # -- acting ---------------------------------------------------------------------------------------------------

    def run(  # noqa: PLR0913 - each is a thing that a caller may hand in, all by name
        self,
        plan: Plan,
        *,
        permits: Collection[str] = frozenset(),
        evidence: Sequence[Evidence] = (),
        authority: Authority | None = None,
        cancel: Cancel | None = None,
        on_event: Callable[[Event], None] = _ignore,
        wait: float = 60.0,
        max_parallel: int = 0,
        time_limit: float | None = None,
    ) -> Run:
        """Run a plan under the locks of its services: ask, check, walk, and on failure walk back.

        Args:
            plan: made by ``plan``.
            permits: codes of vetoes to lift.
            evidence: what is known of other nodes beyond what they answer.
            authority: asked before each step; an operator's by default.
            cancel: ends the way forward.
            on_event: told what happens, one call at a time; what it raises is ignored.
            wait: seconds to wait for locks.
            max_parallel: steps side by side; 0 for the node's setting.
            time_limit: seconds for the way forward.

        Returns:
            The report; a failure of steps is in it, not raised.

        Raises:
            Locked, Frozen, Vetoed, JournalError, Cancelled: nothing was begun.
        """
        from opensvc_core.actions.execute import RunOptions, run_plan

        options = RunOptions(
            permits=frozenset(permits),
            evidence=tuple(evidence),
            authority=authority,
            cancel=cancel or Cancel(),
            on_event=on_event,
            wait=wait,
            max_parallel=max_parallel,
            time_limit=time_limit,
        )
        return run_plan(self, plan, options)

    def recover(
        self,
        name: str,
        *,
        cancel: Cancel | None = None,
        on_event: Callable[[Event], None] = _ignore,
        wait: float = 60.0,
        permits: Collection[str] = frozenset(),
        evidence: Sequence[Evidence] = (),
    ) -> Run:
        """Finish or undo the run of a service that was cut or ended unknown.

        Raises:
            Locked, Frozen, Vetoed, JournalError: nothing was begun.
        """
        from opensvc_core.actions.execute import RunOptions
        from opensvc_core.actions.recover import recover

        options = RunOptions(
            permits=frozenset(permits),
            evidence=tuple(evidence),
            cancel=cancel or Cancel(),
            on_event=on_event,
            wait=wait,
        )
        return recover(self, name, options)

    def boot(self, options: RunOptions | None = None, names: Sequence[str] = (), *, is_dry: bool = False) -> Rounds:
        """Clean what a crash of this node left, start the services that start here, standby resources of the others.

        Each service for itself: what is refused or fails is in the report, and keeps no other from anything. A dry run
        changes nothing and has previews in place of runs.
        """
        from opensvc_core.actions.boot import boot
        from opensvc_core.actions.execute import RunOptions

        return boot(self, options or RunOptions(), names, is_dry=is_dry)

    def shutdown(self, options: RunOptions | None = None, names: Sequence[str] = (), *, is_dry: bool = False) -> Rounds:
        """Stop everything of this node, standby resources and frozen services included, or show it."""
        from opensvc_core.actions.boot import shutdown
        from opensvc_core.actions.execute import RunOptions

        return shutdown(self, options or RunOptions(), names, is_dry=is_dry)

    def freeze(self, names: Iterable[str]) -> None:
        """Have services refuse every action but thaw and the reading ones."""
        from opensvc_core.actions.freeze import freeze
        from opensvc_core.actions.recording import record_frozen

        chosen = list(names)
        for name in chosen:
            freeze(self.node, name)
        record_frozen(self, chosen)

    def thaw(self, names: Iterable[str]) -> None:
        """Undo ``freeze``."""
        from opensvc_core.actions.freeze import thaw
        from opensvc_core.actions.recording import record_frozen

        chosen = list(names)
        for name in chosen:
            thaw(self.node, name)
        record_frozen(self, chosen)

    def is_frozen(self, name: str) -> bool:
        """Whether a service, or the whole node, is frozen."""
        from opensvc_core.actions.freeze import is_frozen

        return is_frozen(self.node, name)


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
