"""Reports made for tests, as the agent would hand them to the command line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from opensvc_core.errors import CommandFailed
from opensvc_core.graph import build_graph
from opensvc_core.journal import RunRecord, StepRecord
from opensvc_core.model import Note, Phase, Resource, ResourceId, Service, Severity, Status, StatusReport
from opensvc_core.plan import Plan, Selection, make_plan
from opensvc_core.run import Run, RunOutcome, StepResult, StepState
from opensvc_core.status import ServiceStatus, aggregate

DRIVERS = {
    "container": ("container.kvm", Phase.CONTAINER),
    "ip": ("ip.guest", Phase.GUEST_ADDRESS),
    "vmdg": ("disk.vmdg", Phase.DISK),
    "app": ("app.launchers", Phase.APPLICATION),
    "sync": ("sync.rsync", Phase.REPLICATION),
}


def resource(rid: str, label: str = "", service: str = "vm188", **options: object) -> Resource:
    """A resource of a guest's service."""
    driver, phase = DRIVERS[rid.partition("#")[0]]
    return Resource(ResourceId(service, rid), driver, label=label, phase=phase, **options)  # type: ignore[arg-type]


def service(resources: Iterable[Resource], name: str = "vm188") -> Service:
    """A service of the cookbook's four nodes."""
    nodes = ("node109", "node110", "node111", "node112")
    return Service(name, Path(f"/opt/opensvc/etc/{name}.env"), tuple(resources), nodes, (), {"service_type": "DEV"})


def vm188(name: str = "vm188") -> Service:
    """The cookbook's service, with an application, an optional one, and a disabled address."""
    return service(
        [
            resource("vmdg", "devices of vm188", name),
            resource("container#0", "vm188", name),
            resource("ip#1", "vm188@lan0", name, container="container#0"),
            resource("ip#2", "10.0.0.9@lan1", name, container="container#0", is_disabled=True),
            resource("app#0", "/svc/etc/init.d", name, container="container#0", is_optional=True),
        ],
        name,
    )


def status_of(
    asked: Service, answers: dict[str, StatusReport], *, is_frozen: bool = False, notes: tuple[Note, ...] = ()
) -> ServiceStatus:
    """The status of a service from what each resource answered; the others are up."""
    reports = {r.id: answers.get(r.rid, StatusReport(Status.UP)) for r in asked.resources}
    return aggregate(asked, asked.resources, reports, is_frozen=is_frozen, notes=notes)


def plan(action: str = "start", *names: str) -> Plan:
    """A plan for services like ``vm188``."""
    graphs = [build_graph(vm188(name)) for name in names or ("vm188",)]
    return make_plan(action, graphs, Selection(), "node109")


def failed_run() -> Run:
    """A start whose container failed and whose way back could not be verified."""
    made = plan()
    error = CommandFailed(
        "`virsh start vm188` on node109 ended with status 1: error: no such pool",
        argv=("virsh", "start", "vm188"),
        rc=1,
        hint="define the pool",
    )
    results = []
    for step in made.steps:
        if step.resource.rid == "vmdg":
            results.append(StepResult(step, StepState.UNCHANGED, "nothing to reserve", seconds=0.01))
        elif step.resource.rid == "container#0":
            results.append(StepResult(step, StepState.FAILED, error.message, (), 1.5, error))
        else:
            results.append(StepResult(step, StepState.SKIPPED, "waits for start vm188/container#0"))
    back = make_plan("stop", list(made.graphs.values()), Selection(("container#0",)), "node109").steps[0]
    note = Note("cannot tell whether it is down", "undef", Severity.ERROR)
    rollback = (StepResult(back, StepState.TIMEOUT, "waited 30 s in vain", (note,), 30.0),)
    return Run("0123456789ab", "start", tuple(results), rollback, {"vm188": RunOutcome.UNKNOWN})


def cut_record() -> RunRecord:
    """A start that was killed in its second step, as the journal has it."""
    steps = (
        StepRecord("vm188", "vmdg", "start", False, "unchanged", 1000.0, 1000.5, "nothing to do", node="node109"),
        StepRecord("vm188", "container#0", "start", False, "running", 1000.5, node="node109"),
    )
    return RunRecord(
        id="0123456789ab",
        service="vm188",
        action="start",
        user="root",
        pid=4711,
        node="node109",
        process="1",
        boot_id="boot",
        argv=("osvc", "start", "vm188"),
        selection="{}",
        began=1000.0,
        outcome="interrupted",
        steps=steps,
    )
