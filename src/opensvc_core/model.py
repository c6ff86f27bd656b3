"""The nouns of the product as immutable values: services, resources, reports, outcomes, vetoes."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from opensvc_core.errors import DriverContractError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Status(Enum):
    """State of a resource or of an aggregate (agent 2010-2024; table in ``docs/reference/status.md``)."""

    UP = "up"
    DOWN = "down"
    WARN = "warn"
    NA = "n/a"
    UNDEF = "undef"
    STDBY_UP = "stdby up"
    STDBY_DOWN = "stdby down"

    @property
    def is_up(self) -> bool:
        """Whether the thing runs here, as a standby or not."""
        return self in {Status.UP, Status.STDBY_UP}

    @property
    def is_down(self) -> bool:
        """Whether the thing was seen not to run here."""
        return self in {Status.DOWN, Status.STDBY_DOWN}


class Severity(Enum):
    """How much a note matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Phase(IntEnum):
    """Place of a resource in the default order of a start; a stop is the reverse (design §6)."""

    # From 1, so that every phase is true.
    RESERVATION = 1
    DISK = 2
    FILESYSTEM = 3
    READY = 4
    """What a guest needs of its platform before its addresses: a zone is attached and made ready."""
    ADDRESS = 5
    CONTAINER = 6
    GUEST_ADDRESS = 7
    APPLICATION = 8
    REPLICATION = 9
    """Not part of start and stop."""


@frozen(order=True)
class ResourceId:
    """Names one resource of one service: ``vm188/container#0``."""

    service: str
    rid: str

    @property
    def group(self) -> str:
        """The part of the rid before ``#``."""
        return self.rid.partition("#")[0]

    def __str__(self) -> str:
        """``service/rid``."""
        return f"{self.service}/{self.rid}"


@frozen
class Note:
    """Something an operator should read beside a status or an outcome."""

    text: str
    code: str = "note"
    severity: Severity = Severity.INFO


@frozen
class Resource:
    """One part of a service, as configuration and graph describe it on this node.

    Attributes:
        id: service and rid.
        driver: driver id, ``container.kvm``.
        options: values of the driver's keywords, typed, scoped to this node.
        label: short text for tables.
        phase: place in the default order.
        container: rid of the container whose guest this resource lives in, or empty.
        is_postboot: a disk or file system that the node brings up inside ``container`` once that is up, and takes down
            before it.
        is_disabled: skipped by actions; its status is not part of aggregates.
        is_optional: its failure does not fail the action.
        is_standby: ``always_on`` names this node: a stop leaves it up.
        tags: free words to select by.
        subset: name of the subset, or empty.
        start_requires: rids that must be up before it starts.
        stop_requires: rids that must be down before it stops.
        companion_of: rid of the resource that brought it into the graph, or empty.
        problem: why its driver cannot be used here (not installed, fails to load), empty if it can.
        hint: what to do about the problem.
        line: line of its section in the service file, 0 if it is implied.
    """

    id: ResourceId
    driver: str
    options: Mapping[str, Any] = field(factory=dict, hash=False)
    label: str = ""
    phase: Phase = Phase.APPLICATION
    container: str = ""
    is_postboot: bool = False
    is_disabled: bool = False
    is_optional: bool = False
    is_standby: bool = False
    tags: frozenset[str] = frozenset()
    subset: str = ""
    start_requires: tuple[str, ...] = ()
    stop_requires: tuple[str, ...] = ()
    companion_of: str = ""
    problem: str = ""
    hint: str = ""
    line: int = 0

    @property
    def rid(self) -> str:
        """The rid inside the service."""
        return self.id.rid

    @property
    def rank(self) -> tuple[int, int]:
        """Its place in the default order: its phase, but right after the containers for what is postboot."""
        return (Phase.CONTAINER, self.phase) if self.is_postboot else (self.phase, 0)

    @property
    def is_after_containers(self) -> bool:
        """Whether it starts only once the containers are up."""
        return self.rank > (Phase.CONTAINER, 0)

    @property
    def has_own_state(self) -> bool:
        """Whether its state is its own: what lives in a guest is as up or down as the guest, replication is neither."""
        return self.phase is not Phase.REPLICATION and not (self.phase > Phase.CONTAINER and self.container)

    def _option(self, name: str) -> Any:
        try:
            return self.options[name]
        except KeyError:
            raise DriverContractError(
                f"{self.driver}: reads the keyword {name!r}, which it does not declare",
                hint="add a Keyword of that name to the driver's `keywords`",
            ) from None

    def text(self, name: str) -> str:
        """Value of a text keyword, empty if not set. Raises DriverContractError if it is not declared."""
        value = self._option(name)
        return "" if value is None else str(value)

    def flag(self, name: str) -> bool:
        """Value of a boolean keyword, False if not set. Raises DriverContractError if it is not declared."""
        return bool(self._option(name))

    def seconds(self, name: str) -> float:
        """Value of a duration keyword in seconds. Raises DriverContractError if undeclared or not set."""
        value = self._option(name)
        if value is None:
            raise DriverContractError(f"{self.driver}: the duration {name!r} has neither value nor default")
        return float(value)

    def number(self, name: str) -> int:
        """Value of an integer keyword. Raises DriverContractError if undeclared or not set."""
        value = self._option(name)
        if value is None:
            raise DriverContractError(f"{self.driver}: the number {name!r} has neither value nor default")
        return int(value)

    def words(self, name: str) -> tuple[str, ...]:
        """Value of a list keyword. Raises DriverContractError if it is not declared."""
        return tuple(self._option(name) or ())


@frozen
class Subset:
    """A named set of resources of one phase; ``parallel`` drops the order inside it."""

    name: str
    parallel: bool = False


@frozen
class Service:
    """A service as its file describes it, read for one node.

    Attributes:
        name: of the service.
        path: of the service file.
        resources: in the order of the file, implied ones after, companions not included.
        nodes: production nodes.
        drpnodes: disaster-recovery nodes.
        options: values of the ``[default]`` section, typed, scoped to this node.
        subsets: by name.
    """

    name: str
    path: Path
    resources: tuple[Resource, ...] = ()
    nodes: tuple[str, ...] = ()
    drpnodes: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(factory=dict, hash=False)
    subsets: Mapping[str, Subset] = field(factory=dict, hash=False)

    def resource(self, rid: str) -> Resource:
        """The resource of that rid. Raises KeyError if there is none."""
        for resource in self.resources:
            if resource.rid == rid:
                return resource
        raise KeyError(rid)

    @property
    def all_nodes(self) -> tuple[str, ...]:
        """Production nodes, then disaster-recovery nodes, each once."""
        return tuple(dict.fromkeys((*self.nodes, *self.drpnodes)))


@frozen
class StatusReport:
    """What a driver says of one resource on this node, now."""

    status: Status
    notes: tuple[Note, ...] = ()

    @classmethod
    def undef(cls, text: str, code: str = "undef") -> StatusReport:
        """Cannot tell, and why."""
        return cls(Status.UNDEF, (Note(text, code, Severity.WARNING),))

    @classmethod
    def warn(cls, text: str, code: str = "warn") -> StatusReport:
        """Neither up nor down as it should be, and why."""
        return cls(Status.WARN, (Note(text, code, Severity.WARNING),))

    def with_note(self, text: str, code: str = "note", severity: Severity = Severity.INFO) -> StatusReport:
        """The same report with one more note."""
        return StatusReport(self.status, (*self.notes, Note(text, code, severity)))


@frozen
class Outcome:
    """What a start, stop or migration did.

    Attributes:
        is_changed: whether anything was changed; False when it already was so.
        text: one line for the operator, may be empty.
        notes: warnings that did not fail it.
    """

    is_changed: bool
    text: str = ""
    notes: tuple[Note, ...] = ()

    @classmethod
    def changed(cls, text: str = "", notes: tuple[Note, ...] = ()) -> Outcome:
        """It was done now."""
        return cls(True, text, notes)

    @classmethod
    def unchanged(cls, text: str = "", notes: tuple[Note, ...] = ()) -> Outcome:
        """It was so already."""
        return cls(False, text, notes)


@frozen
class Veto:
    """A reason not to begin.

    Attributes:
        code: stable word; ``--permit CODE`` lifts it where ``is_liftable``.
        reason: one line.
        subject: service or ``service/rid`` that it is about; filled in by whoever asked, if empty.
        hint: what to do.
        is_liftable: False for what no permit lifts (up elsewhere, own guest undef, in use).
    """

    code: str
    reason: str
    subject: str = ""
    hint: str = ""
    is_liftable: bool = True


@frozen
class Device:
    """A disk that a resource uses.

    Attributes:
        path: as this node sees it, or ``pool/image`` of a network disk.
        kind: ``block``, ``file`` or ``network``.
        identity: WWID or serial number, empty if unknown.
        is_writable: whether the guest may write to it.
        target: name inside the guest, empty if unknown.
    """

    path: str
    kind: str = "block"
    identity: str = ""
    is_writable: bool = True
    target: str = ""


@frozen
class LogicalUnit:
    """A disk that can be reserved, as this node reaches it.

    Attributes:
        device: the disk as its resource lists it.
        identity: what every node calls it: WWID or serial number.
        paths: special files, one for each way to it: each is an I_T nexus with a registration of its own.
        lost_paths: ways that take no commands now, each with its state: ``/dev/sdc (offline)``.
    """

    device: Device
    identity: str
    paths: tuple[str, ...]
    lost_paths: tuple[str, ...] = ()


@frozen
class Registrations:
    """Keys registered on a logical unit.

    Attributes:
        keys: one for each registered I_T nexus, of any node: a node with two paths shows its key twice.
        generation: counts the changes (SPC: PRGENERATION).
    """

    keys: tuple[int, ...]
    generation: int = 0


@frozen
class Reservation:
    """The reservation of a logical unit.

    Attributes:
        key: of the holder, ``None`` when nobody holds it.
        type: SPC type code, 5 for Write Exclusive, Registrants Only; 0 when nobody holds it.
        generation: as in Registrations.
    """

    key: int | None = None
    type: int = 0
    generation: int = 0


@frozen
class InventoryItem:
    """A fact for the collector: ``vcpus`` of ``vm188/container#0`` is ``2``."""

    id: ResourceId
    name: str
    value: Any


class NodeState(Enum):
    """What is known of a node in regard to a service."""

    UP = "up"
    """The service, or a part of it, runs there."""
    DOWN = "down"
    """The node answered in this run: nothing of the service is up there."""
    FENCED = "fenced"
    """The node is known not to run anything."""
    UNKNOWN = "unknown"
    """The node was asked and did not answer, or could not tell."""
    UNASKED = "unasked"
    """The node was not asked."""


@frozen
class Evidence:
    """What is known of one node in regard to one service: from whom, since when."""

    node: str
    state: NodeState
    source: str
    at: float = 0.0
    """Seconds since the epoch."""
    text: str = ""
