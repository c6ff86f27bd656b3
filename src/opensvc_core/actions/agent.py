"""The agent as a library: everything that actions need, handed in, and a method for each action."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from opensvc_core.actions.limits import Limits
from opensvc_core.clock import Cancel, Clock
from opensvc_core.dispatcher import Dispatcher
from opensvc_core.graph import ServiceGraph
from opensvc_core.node import Node
from opensvc_core.peers import NoPeers, Peers
from opensvc_core.plan import Plan, Selection, make_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

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
    from opensvc_core.reservation_units import Backends
    from opensvc_core.retention import Usage
    from opensvc_core.run import Run
    from opensvc_core.status import ServiceStatus
    from opensvc_core.surroundings import Network


def _ignore(event: Event) -> None:
    """Nobody listens."""


def _no_backends() -> Backends:
    from opensvc_core.reservation_units import NoBackends

    return NoBackends()


@define
class Agent:
    """One node's agent. Make it with ``opening.open_agent``.

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
        from opensvc_core.actions.service_graph import service_graph

        return service_graph(self, service)

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

        lifted, known, token = frozenset(permits), tuple(evidence), cancel or Cancel()
        options = RunOptions(lifted, known, authority, token, on_event, wait, max_parallel, time_limit)
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

        lifted, known = frozenset(permits), tuple(evidence)
        options = RunOptions(permits=lifted, evidence=known, cancel=cancel or Cancel(), on_event=on_event, wait=wait)
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
        from opensvc_core.actions.freezing import freeze_services

        freeze_services(self, tuple(names))

    def thaw(self, names: Iterable[str]) -> None:
        """Undo ``freeze``."""
        from opensvc_core.actions.freezing import thaw_services

        thaw_services(self, tuple(names))

    def is_frozen(self, name: str) -> bool:
        """Whether a service, or the whole node, is frozen."""
        from opensvc_core.actions.freeze import is_frozen

        return is_frozen(self.node, name)
