"""Boot and shutdown of a node: what a crash left is cleaned, services start in one graph, each trapped by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import Factory, define, evolve, field

from opensvc_core.actions.execute import RunOptions, run_plan
from opensvc_core.actions.freeze import is_drained
from opensvc_core.boot_record import BootRecord
from opensvc_core.errors import Cancelled, ExitStatus, OpenSVCError, Vetoed
from opensvc_core.model import NodeState, Note, Severity, Veto
from opensvc_core.plan import Plan, Selection, clean_steps, make_plan
from opensvc_core.run import RunOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.model import Evidence, Service
    from opensvc_core.run import Run


@define
class Rounds:
    """What was done for the services of a node in one command, and why it was not for others.

    Attributes:
        runs: that were made, in their order.
        refused: by service, why nothing was begun for it.
        notes: what an operator should know.
    """

    runs: list[Run] = Factory(list)
    refused: dict[str, OpenSVCError] = field(factory=dict)
    notes: list[Note] = Factory(list)

    @property
    def exit_status(self) -> ExitStatus:
        """0 if everything went well; else that of the first run, or refusal, that did not."""
        states = [run.exit_status for run in self.runs] + [error.exit_status for error in self.refused.values()]
        return next((state for state in states if state is not ExitStatus.OK), ExitStatus.OK)


def boot(agent: Agent, options: RunOptions, names: Sequence[str] = ()) -> Rounds:
    """Clean what a crash of this node left, then start what is to be started here; each service for itself.

    A frozen or drained node, and a frozen service, is cleaned and starts nothing.
    """
    rounds = Rounds()
    services = load_trapped(agent, rounds, names)
    for service in services:
        _clean(agent, service, options, rounds)
    if is_drained(agent.node):
        rounds.notes.append(Note(f"{agent.node.name} is drained: nothing is started", "node_drained", Severity.WARNING))
        return rounds
    awake = []
    for service in services:
        if agent.is_frozen(service.name):
            rounds.notes.append(Note(f"{service.name}: frozen: nothing is started", "frozen", Severity.WARNING))
        else:
            awake.append(service)
    ours = [service for service in awake if starts_here(service, agent.node.name)]
    started = _start(agent, ours, options, rounds)
    # Where the start did not come off, and was taken back, standby resources are started as everywhere else.
    _start_standby(agent, [service for service in awake if service.name not in started], options, rounds)
    return rounds


def shutdown(agent: Agent, options: RunOptions, names: Sequence[str] = ()) -> Rounds:
    """Stop everything on this node, standby resources and frozen services included, children before their parents."""
    rounds = Rounds()
    services = load_trapped(agent, rounds, names)
    run_trapped(
        agent,
        services,
        lambda some: make_plan("shutdown", agent.graphs(some), Selection(), agent.node.name),
        evolve(options, even_frozen=True),
        rounds,
    )
    return rounds


def starts_here(service: Service, node: str) -> bool:
    """Whether a node starts a service at boot: a production node that ``autostart_node`` names, never another."""
    named = {name.lower() for name in service.options.get("autostart_node") or ()}
    return node.lower() in named and node.lower() in {name.lower() for name in service.nodes}


def autostart_vetoes(
    service: Service, evidence: Sequence[Evidence], notes: list[Note]
) -> tuple[list[Veto], list[Evidence]]:
    """What forbids a start that nobody asked for, and the evidence that is left to judge as in any other start.

    A node that was not asked counts as one that cannot tell. A disaster-recovery node that cannot tell is a matter of
    its own: reservations on this site say nothing of a copy on another.
    """
    vetoes: list[Veto] = []
    left: list[Evidence] = []
    for known in evidence:
        known = evolve(known, state=NodeState.UNKNOWN) if known.state is NodeState.UNASKED else known  # noqa: PLW2901
        is_drp = known.node in service.drpnodes and known.node not in service.nodes
        if known.state is not NodeState.UNKNOWN or not is_drp:
            left.append(known)
            continue
        text = f"{known.node} cannot be asked whether it runs there{': ' + known.text if known.text else ''}"
        if service.options.get("drp_unreachable") == "warn":
            notes.append(Note(f"{service.name}: {text}; drp_unreachable = warn", "drp_unreachable", Severity.WARNING))
        else:
            hint = f"if it does not run there: osvc start {service.name}; or drp_unreachable = warn"
            vetoes.append(Veto("drp_unreachable", text, service.name, hint, is_liftable=False))
    return vetoes, left


def run_trapped(
    agent: Agent,
    services: Sequence[Service],
    make: Callable[[Sequence[Service]], Plan],
    options: RunOptions,
    rounds: Rounds,
) -> None:
    """Run one plan for all services; those that are refused are left out, and the others run all the same.

    Args:
        agent: this node's.
        services: what is to be acted on.
        make: makes the plan of some of them.
        options: of the run.
        rounds: what was done is added to it.
    """
    left = list(services)
    while left:
        try:
            plan = make(left)
            if plan.steps:
                rounds.runs.append(run_plan(agent, plan, options))
        except Cancelled as error:
            rounds.refused.update({service.name: error for service in left})
        except OpenSVCError as error:
            blamed = _blamed(error, [service.name for service in left])
            rounds.refused.update({name: _part(error, name) for name in blamed})
            left = [service for service in left if service.name not in blamed]
            continue
        return


def _blamed(error: OpenSVCError, names: Collection[str]) -> frozenset[str]:
    """The services that an error is about; all where it does not say."""
    if isinstance(error, Vetoed):
        found = {veto.subject.partition("/")[0].partition(" ")[0] for veto in error.vetoes} & set(names)
    else:
        words = {word.strip(":,") for word in error.message.split()}
        found = words & set(names)
    return frozenset(found or names)


def _part(error: OpenSVCError, name: str) -> OpenSVCError:
    """What of an error is about one service."""
    if not isinstance(error, Vetoed):
        return error
    mine = [veto for veto in error.vetoes if veto.subject.partition("/")[0].partition(" ")[0] == name]
    return Vetoed(mine or error.vetoes)


def load_trapped(agent: Agent, rounds: Rounds, names: Sequence[str] = ()) -> list[Service]:
    """The services of this node; one whose file cannot be used is in the report instead."""
    services = []
    for name in agent.find(names):
        try:
            service = agent.load(name)
            agent.graph(service)
        except OpenSVCError as error:
            rounds.refused[name] = error
        else:
            services.append(service)
    return services


def _clean(agent: Agent, service: Service, options: RunOptions, rounds: Rounds) -> None:
    """Remove what an earlier boot of this node left of a service, once a boot, if it is verified down here."""
    record = BootRecord(agent.node.folders.var / "cleaned.json", agent.node.boot_id)
    if record.has(service.name):
        return
    graph = agent.graph(service)
    chosen = {r.id for r in graph.resources if not r.problem and agent.dispatcher.has_hook("clean", r.driver)}
    steps = clean_steps(graph, chosen, agent.node.name)
    plan = Plan("boot", (service,), {service.name: graph}, steps)
    try:
        if steps:
            run = run_plan(agent, plan, evolve(options, even_frozen=True))
            rounds.runs.append(run)
            if run.exit_status is not ExitStatus.OK:
                return
        record.add([service.name])
    except Vetoed as error:
        # It may be up since before: an agent that is started anew, or a guest that came up by itself.
        text = "; ".join(f"{veto.subject}: {veto.reason}" for veto in error.vetoes)
        rounds.notes.append(Note(f"nothing is cleaned: {text}", "not_cleaned"))
    except OpenSVCError as error:
        rounds.notes.append(Note(f"{service.name}: nothing is cleaned: {error}", "not_cleaned", Severity.WARNING))
    except OSError as error:
        text = f"{record.path} cannot be written ({error.strerror}): the next boot of the agent cleans again"
        rounds.notes.append(Note(text, "record_unwritten", Severity.WARNING))


def _start(agent: Agent, services: Sequence[Service], options: RunOptions, rounds: Rounds) -> frozenset[str]:
    """Start services in one graph. Which of them need no standby start any more: they are up, or nobody knows."""
    before = len(rounds.runs)

    def make(some: Sequence[Service]) -> Plan:
        plan = make_plan("start", agent.graphs(some), Selection(), agent.node.name, asks_peers=agent.peers.asks)
        return evolve(plan, action="boot")

    run_trapped(agent, services, make, options, rounds)
    settled: set[str] = set()
    for run in rounds.runs[before:]:
        settled |= {name for name, outcome in run.outcomes.items() if outcome is not RunOutcome.FAILED}
    return frozenset(settled)


def _start_standby(agent: Agent, services: Iterable[Service], options: RunOptions, rounds: Rounds) -> None:
    """Start the standby resources of services that have any."""
    having = [s for s in services if any(r.is_standby and not r.is_disabled for r in s.resources)]

    def make(some: Sequence[Service]) -> Plan:
        return make_plan("startstandby", agent.graphs(some), Selection(), agent.node.name)

    run_trapped(agent, having, make, options, rounds)
