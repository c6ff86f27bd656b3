"""What `osvc metrics` tells, as metrics: states, last runs, copies, reservations, the journal, jobs of this node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define, field

from opensvc_core import __version__
from opensvc_core.actions.freeze import is_drained, is_node_frozen
from opensvc_core.actions.job_records import read_record
from opensvc_core.actions.recording import look_mark, record_look, status_data
from opensvc_core.errors import OpenSVCError
from opensvc_core.feed import ChangeKind
from opensvc_core.host.processes import is_running
from opensvc_core.journal import INTERRUPTED
from opensvc_core.metrics_text import COUNTER, Family, Sample, states
from opensvc_core.model import Phase, Status
from opensvc_core.push_stamp import push_stamp
from opensvc_core.replication import read_stamp, stamp_file
from opensvc_core.run import RunOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from opensvc_core.actions.agent import Agent
    from opensvc_core.journal import RunRecord
    from opensvc_core.model import Service

STATES = tuple(status.value for status in Status)
RUNNING = "running"
OUTCOMES = (*(outcome.value for outcome in RunOutcome), INTERRUPTED, RUNNING)


@define
class _State:
    """A service's state: as the feed has it, and when that was so, in seconds since the epoch."""

    data: Mapping[str, Any]
    at: float


@define
class Metrics:
    """Collects the metrics of this node.

    Attributes:
        agent: this node's.
        is_asked: whether platforms and disks are asked now; else states are those that were written down last, and
            nothing is told of reservations.
    """

    agent: Agent
    is_asked: bool = False
    _services: list[Service] = field(factory=list, init=False)
    _broken: list[str] = field(factory=list, init=False)

    def collect(self) -> list[Family]:
        """All metrics of this node. Raises JournalError, ConfigError of ``node.conf``."""
        for name in self.agent.find():
            try:
                self._services.append(self.agent.load(name))
            except OpenSVCError:
                self._broken.append(name)
        return [
            *self._node(),
            *self._states(),
            *self._runs(),
            *self._copies(),
            *(self._reservations() if self.is_asked else ()),
            *self._journal(),
            *self._jobs(),
        ]

    def _node(self) -> list[Family]:
        node = self.agent.node
        valid = [Sample(1, {"service": service.name}) for service in self._services]
        valid += [Sample(0, {"service": name}) for name in self._broken]
        version = {"version": __version__, "node": node.name}
        return [
            Family("opensvc_build_info", "The version of OpenSVC, always 1.", (Sample(1, version),)),
            Family("opensvc_node_frozen", "Whether this node refuses every action.", (Sample(is_node_frozen(node)),)),
            Family("opensvc_node_drained", "Whether nothing new starts on this node.", (Sample(is_drained(node)),)),
            Family(
                "opensvc_service_config_valid",
                "Whether the file of a service can be used.",
                tuple(sorted(valid, key=lambda sample: sample.labels["service"])),
            ),
        ]

    def _known(self) -> dict[str, _State]:
        if self.is_asked:
            mark, now = look_mark(self.agent), self.agent.clock.now()
            statuses = self.agent.status(self._services) if self._services else {}
            record_look(self.agent, statuses, mark)
            return {name: _State(status_data(status), now) for name, status in statuses.items()}
        names = {service.name for service in self._services}
        latest = self.agent.feed.latest(ChangeKind.STATUS)
        return {name: _State(change.data, change.at) for name, change in latest.items() if name in names}

    def _states(self) -> list[Family]:
        services, resources, moments = [], [], []
        for name, state in sorted(self._known().items()):
            moments.append(Sample(state.at, {"service": name}))
            for scope in ("avail", "overall"):
                services += states(str(state.data[scope]), STATES, {"service": name, "scope": scope}, "status")
            for rid, each in state.data["resources"].items():
                resources += states(str(each["status"]), STATES, {"service": name, "rid": rid}, "status")
        frozen = [Sample(self.agent.is_frozen(each.name), {"service": each.name}) for each in self._services]
        return [
            Family("opensvc_service_frozen", "Whether a service refuses actions on this node.", tuple(frozen)),
            Family(
                "opensvc_service_status",
                "The state of a service on this node: 1 for the status that it has.",
                tuple(services),
            ),
            Family(
                "opensvc_service_status_timestamp_seconds",
                "When the state of a service was asked, or, where it was not asked now, last became another.",
                tuple(moments),
            ),
            Family(
                "opensvc_resource_status",
                "The state of a resource on this node: 1 for the status that it has.",
                tuple(resources),
            ),
        ]

    def _runs(self) -> list[Family]:
        outcomes, begun, ended, took = [], [], [], []
        names = {service.name for service in self._services} | set(self._broken)
        for record in self.agent.journal.last_runs():
            if record.service not in names:
                continue
            about = {"service": record.service, "action": record.action}
            outcomes += states(record.outcome or self._open(record), OUTCOMES, about, "outcome")
            begun.append(Sample(record.began, about))
            if record.ended:
                ended.append(Sample(record.ended, about))
                took.append(Sample(max(0.0, record.ended - record.began), about))
        last = "of the last run of an action on a service, as this node's journal has it"
        return [
            Family("opensvc_last_run_outcome", f"The outcome {last}: 1 for the one that it has.", tuple(outcomes)),
            Family("opensvc_last_run_begin_timestamp_seconds", f"The begin {last}.", tuple(begun)),
            Family("opensvc_last_run_end_timestamp_seconds", f"The end {last}.", tuple(ended)),
            Family("opensvc_last_run_duration_seconds", f"The duration {last}.", tuple(took)),
        ]

    def _open(self, record: RunRecord) -> str:
        """What becomes of a run without an outcome: it is under way, or was cut and nobody noticed yet."""
        is_here = record.boot_id == self.agent.node.boot_id and is_running(record.pid, record.process)
        return RUNNING if is_here else INTERRUPTED

    def _copies(self) -> list[Family]:
        folders, copies, pushes = self.agent.node.folders, [], []
        for service in self._services:
            for resource in service.resources:
                for node in service.all_nodes if resource.phase is Phase.REPLICATION else ():
                    stamp = read_stamp(stamp_file(folders, node, resource.id))
                    if stamp is not None:
                        about = {"service": service.name, "rid": resource.rid, "source": stamp.source, "target": node}
                        copies.append(Sample(stamp.at, about))
            try:
                at = push_stamp(folders, service.name).stat().st_mtime
            except OSError:
                continue
            pushes.append(Sample(at, {"service": service.name}))
        return [
            Family("opensvc_replication_timestamp_seconds", "When a copy last went well.", tuple(copies)),
            Family("opensvc_push_timestamp_seconds", "When the file of a service was last pushed.", tuple(pushes)),
        ]

    def _reservations(self) -> list[Family]:
        from opensvc_core.actions.reservations import show_reservations

        reserved = [
            service for service in self._services if any(each.options.get("scsireserv") for each in service.resources)
        ]
        known, holders, registered = [], [], []
        for row in show_reservations(self.agent, reserved) if reserved else ():
            about = {"service": row.service, "rid": row.rid, "disk": row.identity or row.device}
            known.append(Sample(not row.problem, about))
            if not row.problem:
                registered.append(Sample(len(row.registered), about))
                if row.holder:
                    holders.append(Sample(1, {**about, "key": row.holder, "holder": row.holder_node}))
        return [
            Family("opensvc_reservation_known", "Whether the disk could be asked who holds it.", tuple(known)),
            Family(
                "opensvc_reservation_holder_info",
                "Who holds a disk, always 1; nobody does where there is none.",
                tuple(holders),
            ),
            Family("opensvc_reservation_registrations", "Keys registered on a disk, by path.", tuple(registered)),
        ]

    def _journal(self) -> list[Family]:
        usage = self.agent.journal_usage()
        pending = [Sample(count, {"reader": name, "kind": kind}) for (name, kind), count in usage.pending.items()]
        kinds = {kind.value: 0 for kind in ChangeKind} | dict(usage.dropped)
        return [
            Family("opensvc_journal_used_bytes", "Bytes that the journal uses.", (Sample(usage.size),)),
            Family("opensvc_journal_limit_bytes", "Bytes that the journal may use.", (Sample(usage.limit),)),
            Family("opensvc_journal_pending_changes", "Changes that a reader has not reported yet.", tuple(pending)),
            Family(
                "opensvc_journal_dropped_changes_total",
                "Changes that were dropped before every reader had reported them.",
                tuple(Sample(count, {"kind": kind}) for kind, count in kinds.items()),
                COUNTER,
            ),
        ]

    def _jobs(self) -> list[Family]:
        folders = self.agent.node.folders
        begun: list[Sample] = []
        good: list[Sample] = []
        for path in sorted((folders.var / "schedule").glob("*.json")):
            record = read_record(folders, path.stem)
            if record.began:
                begun.append(Sample(record.began, {"job": path.stem}))
            if record.ended:
                good.append(Sample(record.outcome == "done", {"job": path.stem}))
        return [
            Family("opensvc_job_begin_timestamp_seconds", "When a job of this node last began.", tuple(begun)),
            Family("opensvc_job_success", "Whether the last run of a job ended well.", tuple(good)),
        ]


def collect_metrics(agent: Agent, *, is_asked: bool) -> Sequence[Family]:
    """The metrics of this node; see ``Metrics``."""
    return Metrics(agent, is_asked).collect()
