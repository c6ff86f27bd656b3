"""What this node does by itself because an operator on a peer said so, as if it had been typed here."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve

from opensvc_core.actions.declare import declare_dead
from opensvc_core.actions.execute import RunOptions, run_plan
from opensvc_core.actions.peering.runs import load_for
from opensvc_core.actions.preview import preview, preview_out
from opensvc_core.actions.status import service_statuses
from opensvc_core.cluster import wire, wire_runs
from opensvc_core.errors import ActionError, ConfigError, ConfigProblem, OpenSVCError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.actions.agent import Agent
    from opensvc_core.actions.peering.operations import Call, Visit
    from opensvc_core.events import Event
    from opensvc_core.model import Service
    from opensvc_core.plan import Plan

VERBS = ("start", "stop", "restart", "startstandby")
"""Actions that a peer may have this node do."""


def act(visit: Visit, call: Call) -> Mapping[str, Any]:
    """Make the plan of an action and run it here: own locks, own look at the peers, own journal, own way back.

    Its data: ``verb``, ``names``, ``selection``, ``permits``, ``dead``, ``wait``, ``max_parallel``, ``time_limit``,
    ``user``, ``argv``. What happens is told on the way. A session that ends cancels it, and its way back is walked to
    the end before the session's process goes.

    Raises:
        OpenSVCError: nothing was begun, as for the command typed here.
    """
    agent, data = _agent_for(visit, call), call.data
    services = _services(visit, data["names"])
    time_limit = data["time_limit"]
    options = RunOptions(
        permits=frozenset(str(code) for code in data["permits"]),
        evidence=declare_dead(agent, services, dead) if (dead := [str(node) for node in data["dead"]]) else (),
        cancel=call.cancel,
        on_event=lambda event: _tell(call, event),
        wait=float(data["wait"]),
        max_parallel=int(data["max_parallel"]),
        time_limit=None if time_limit is None else float(time_limit),
    )
    plan = _plan(agent, services, data)
    is_over = threading.Event()
    visit.holds.callback(is_over.wait)
    try:
        return {"run": wire_runs.run_out(run_plan(agent, plan, options))}
    finally:
        is_over.set()


def preview_act(visit: Visit, call: Call) -> Mapping[str, Any]:
    """What ``act`` would do; changes nothing. Raises OpenSVCError: no plan can be made."""
    agent, data = _agent_for(visit, call), call.data
    services = _services(visit, data["names"])
    dead = [str(node) for node in data["dead"]]
    evidence = declare_dead(agent, services, dead) if dead else ()
    return {"preview": preview_out(preview(agent, _plan(agent, services, data), evidence))}


def look(visit: Visit, call: Call) -> Mapping[str, Any]:
    """The status of services here, with their resources as this node's file has them.

    Its data: ``names``, ``selection``, ``timeout``, seconds or nothing.

    Raises:
        OpenSVCError: no such service, no such resource.
    """
    agent, data = visit.agent, call.data
    selection = wire_runs.selection_in(data["selection"])
    limit = call.deadline.remaining()
    timeout = limit if data["timeout"] is None else min(limit, float(data["timeout"]))
    services, broken = _load(visit, data["names"])
    found = service_statuses(agent, services, selection, timeout)
    return {
        "broken": {name: wire.error_out(error) for name, error in broken.items()},
        "services": {
            name: {
                "nodes": list(status.service.nodes),
                "drpnodes": list(status.service.drpnodes),
                "resources": [wire.resource_out(item.resource) for item in status.resources],
                "reports": wire.reports_out({item.resource.id: item.report for item in status.resources}),
                "is_frozen": status.is_frozen,
                "is_node_frozen": status.is_node_frozen,
                "is_drained": status.is_drained,
                "notes": [wire.note_out(note) for note in status.notes],
            }
            for name, status in found.items()
        },
    }


def _agent_for(visit: Visit, call: Call) -> Agent:
    """This node's agent, with the peer's operator as who acts."""
    user = f"{str(call.data['user'])[:80]} on {visit.peer}"
    return evolve(visit.agent, user=user, argv=tuple(str(word) for word in call.data["argv"]))


def _plan(agent: Agent, services: list[Service], data: Mapping[str, Any]) -> Plan:
    verb = str(data["verb"])
    if verb not in VERBS:
        raise ActionError(f"{agent.node.name}: does not do {verb[:40]!r} for a peer", code="peer_refused")
    return agent.plan(verb, services, wire_runs.selection_in(data["selection"]))


def _services(visit: Visit, patterns: Any) -> list[Service]:
    """The services that names and globs mean here, all of which can be used.

    Raises:
        ServiceNotFound: one means nothing here.
        ConfigError: with the problems of all files.
        ActionError: the peer is no node of one that it names.
    """
    services, broken = _load(visit, patterns)
    if broken:
        raise ConfigError([problem for error in broken.values() for problem in error.problems])
    return services


def _load(visit: Visit, patterns: Any) -> tuple[list[Service], dict[str, ConfigError]]:
    """The services that names and globs mean here, and what is wrong with the files of others.

    A glob means only what the peer is a node of. Whose a file is that cannot be read cannot be told: of one that it
    does not name the peer learns that it is broken, and no more.

    Raises:
        ServiceNotFound: one means nothing here.
        ActionError: the peer is no node of one that it names.
    """
    wanted = [str(pattern) for pattern in patterns]
    services: list[Service] = []
    broken: dict[str, ConfigError] = {}
    for name in visit.agent.find(wanted):
        try:
            services.append(load_for(visit, name))
        except ConfigError as error:
            hint = f"osvc config validate {name} there"
            hidden = ConfigProblem(Path(f"{name}.env"), 0, "", "", "cannot be used", hint)
            broken[name] = error if name in wanted else ConfigError([hidden])
        except OpenSVCError as error:
            if name in wanted or error.code != "not_a_peer":
                raise
    return services, broken


def _tell(call: Call, event: Event) -> None:
    call.emit("event", wire_runs.event_out(event))
