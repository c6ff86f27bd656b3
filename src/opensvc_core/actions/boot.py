"""Boot and shutdown of a node: what a crash left is cleaned, services start in one graph, each trapped by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from opensvc_core.actions.freeze import is_drained
from opensvc_core.actions.rounds import Rounds, carry_out, load_trapped, run_trapped
from opensvc_core.boot_record import BootRecord
from opensvc_core.errors import ExitStatus, OpenSVCError, Vetoed
from opensvc_core.model import NodeState, Note, Severity, Veto
from opensvc_core.plan import Plan, Selection, clean_steps, make_plan
from opensvc_core.resting import is_resting
from opensvc_core.run import RunOutcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.execute import RunOptions
    from opensvc_core.model import Evidence, Service


def boot(agent: Agent, options: RunOptions, names: Sequence[str] = (), *, is_dry: bool = False) -> Rounds:
    """Clean what a crash of this node left, then start what is to be started here; each service for itself.

    A frozen or drained node, and a frozen service, is cleaned and starts nothing.
    """
    rounds = Rounds(is_dry=is_dry)
    services = load_trapped(agent, rounds, names)
    for service in services:
        _clean(agent, service, options, rounds)
    if is_drained(agent.node):
        rounds.notes.append(Note(f"{agent.node.name} is drained: nothing is started", "node_drained", Severity.WARNING))
        _wake(agent, services, options, rounds)
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
    _wake(agent, services, options, rounds)
    return rounds


def shutdown(agent: Agent, options: RunOptions, names: Sequence[str] = (), *, is_dry: bool = False) -> Rounds:
    """Stop everything on this node, standby resources and frozen services included, children before their parents."""
    rounds = Rounds(is_dry=is_dry)
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


def _wake(agent: Agent, services: Sequence[Service], options: RunOptions, rounds: Rounds) -> None:
    """Wake what a sync that was cut left at rest, where no start has done so: the application is up by now, if ever."""
    if any(is_resting(agent.node.folders, service.name) for service in services) and not rounds.is_dry:
        from opensvc_core.actions.waking import wake_all

        rounds.notes.extend(wake_all(agent, services, options.cancel, options.wait))


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
            carry_out(agent, plan, evolve(options, even_frozen=True), rounds)
            if rounds.is_dry or rounds.runs[-1].exit_status is not ExitStatus.OK:
                return
        if not rounds.is_dry:
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
    runs, previews = len(rounds.runs), len(rounds.previews)

    def make(some: Sequence[Service]) -> Plan:
        plan = make_plan("start", agent.graphs(some), Selection(), agent.node.name, asks_peers=agent.peers.asks)
        return evolve(plan, action="boot")

    run_trapped(agent, services, make, options, rounds)
    settled = {service.name for shown in rounds.previews[previews:] for service in shown.plan.services}
    for run in rounds.runs[runs:]:
        settled |= {name for name, outcome in run.outcomes.items() if outcome is not RunOutcome.FAILED}
    return frozenset(settled)


def _start_standby(agent: Agent, services: Iterable[Service], options: RunOptions, rounds: Rounds) -> None:
    """Start the standby resources of services that have any."""
    having = [s for s in services if any(r.is_standby and not r.is_disabled for r in s.resources)]

    def make(some: Sequence[Service]) -> Plan:
        return make_plan("startstandby", agent.graphs(some), Selection(), agent.node.name)

    run_trapped(agent, having, make, options, rounds)
