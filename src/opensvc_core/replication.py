"""What a resource replicates and to whom, when it last did, and what its status is. Only the stamps touch a disk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.model import Note, Phase, Service, Severity, Status, StatusReport
from opensvc_core.state_files import write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from opensvc_core.model import Resource, ResourceId
    from opensvc_core.node import Folders

NODES = "nodes"
DRPNODES = "drpnodes"
TARGETS = (NODES, DRPNODES)
"""What ``target`` may name: the production nodes, and those for disaster recovery."""
SERVICE_FILES = "sync.service_files"
"""Driver of ``sync#i0``."""
SYSTEM_FILES = "sync.system_files"
"""Driver of ``sync#i1``."""
MINUTE = 60.0


@frozen
class Copy:
    """What one resource replicates.

    Attributes:
        sources: paths on the node that sends.
        destination: folder on the node that receives, which that node takes from its own service file.
        filesystem: mount point that must be mounted there, or empty.
        targets: of ``TARGETS``.
        min_delay: seconds within which it is not sent again.
        max_delay: seconds after which what was sent is too old.
        carries_data: whether it is data of the service, which only the node sends that the service runs on.
    """

    sources: tuple[str, ...]
    destination: str
    filesystem: str = ""
    targets: tuple[str, ...] = ()
    min_delay: float = 0.0
    max_delay: float = 0.0
    carries_data: bool = True


@frozen
class Transfer:
    """One way of the data of a copy to or from one peer, as a driver needs it to run its command.

    Attributes:
        node: the peer.
        shell: argv of the remote shell up to, not including, the peer's address; nothing of it needs a shell here.
        address: of the peer, as the shell takes it.
        command: what the peer is asked to run, in one word for its gate.
        destination: the folder there, as the peer has said.
        bandwidth: KiB a second, 0 for no limit.
        is_pull: whether the peer is the source.
        sources: of a pull: the paths there, as the peer has said.
    """

    node: str
    shell: tuple[str, ...]
    address: str
    command: str
    destination: str
    bandwidth: int = 0
    is_pull: bool = False
    sources: tuple[str, ...] = ()


# -- who sends to whom -------------------------------------------------------------------------------------------------


def is_replicated(service: Service) -> bool:
    """Whether data of the service are copied from node to node by a resource of its file."""
    return any(resource.phase is Phase.REPLICATION and resource.line for resource in service.resources)


def sharers(service: Service, copies: Iterable[Copy]) -> tuple[str, ...]:
    """The nodes that see the same data, on shared disks: all of production, unless data are copied among them.

    Args:
        service: the service.
        copies: of its resources.
    """
    is_copied = any(copy.carries_data and NODES in copy.targets for copy in copies)
    return () if is_copied else service.nodes


def target_nodes(service: Service, targets: Sequence[str], node: str) -> tuple[str, ...]:
    """The nodes that a copy goes to from ``node``; none from a disaster-recovery node, which never sends."""
    if node in service.drpnodes:
        return ()
    nodes = service.nodes if NODES in targets else ()
    drpnodes = service.drpnodes if DRPNODES in targets else ()
    return tuple(name for name in dict.fromkeys((*nodes, *drpnodes)) if name != node)


def is_active(service: Service, statuses: Mapping[ResourceId, StatusReport]) -> bool:
    """Whether something of a service that has a state of its own is seen up here; warn is up too."""
    own = {resource.id for resource in service.resources if resource.has_own_state}
    return any(
        resource_id in own and (report.status.is_up or report.status is Status.WARN)
        for resource_id, report in statuses.items()
    )


# -- stamps ------------------------------------------------------------------------------------------------------------


@frozen
class Stamp:
    """When a copy last went well, by the clock of the node that wrote it down.

    Attributes:
        at: seconds since the epoch.
        source: the node that it came from.
        generation: number of the generation of the data, for people.
    """

    at: float
    source: str
    generation: int = 0


def stamp_file(folders: Folders, node: str, resource_id: ResourceId) -> Path:
    """Where the stamp of a copy to ``node`` lies, on the node that sends and on the one that receives."""
    return folders.var / "sync" / node / f"{resource_id.service}!{resource_id.rid}"


def read_stamp(path: Path) -> Stamp | None:
    """A stamp; ``None`` for none, or one that cannot be read: then nothing is known of it."""
    try:
        document = json.loads(path.read_bytes())
        return Stamp(float(document["at"]), str(document["source"]), int(document["generation"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_stamp(path: Path, stamp: Stamp) -> None:
    """Write a stamp. Raises OSError."""
    write_json(path, {"at": stamp.at, "source": stamp.source, "generation": stamp.generation})


# -- status ------------------------------------------------------------------------------------------------------------


def copy_status(
    resource: Resource,
    copy: Copy,
    service: Service,
    node: str,
    *,
    active: bool,
    stamp: Callable[[str], Stamp | None],
    now: float,
) -> StatusReport:
    """Status of a replication on a node (agent 2010, §5.1 of the reference).

    Where the service runs: up, or down if what any target has is too old; ``n/a`` without a target, and on a
    disaster-recovery node. Elsewhere: up, or warn where this node is a target and what it has is too old.

    Args:
        resource: the resource.
        copy: what it replicates.
        service: its service.
        node: the name of this node.
        active: whether the service runs here.
        stamp: gives the stamp of a node.
        now: seconds since the epoch.
    """
    if active:
        targets = target_nodes(service, copy.targets, node)
        late = [text for each in targets if (text := _lateness(stamp(each), copy, now, f"{each}: "))]
        is_news = all(stamp(each) is None for each in targets) and not resource.line
        if not targets or is_news:
            return StatusReport(Status.NA)
        notes = tuple(Note(text, "copy_old", Severity.WARNING) for text in late)
        return StatusReport(Status.DOWN if late else Status.UP, notes)
    receives = node in service.drpnodes if node not in service.nodes else len(service.nodes) > 1
    wanted = DRPNODES if node in service.drpnodes else NODES
    received = stamp(node)
    if not receives or wanted not in copy.targets or (received is None and not resource.line):
        return StatusReport(Status.NA)
    late_here = _lateness(received, copy, now, "needs update: ")
    return StatusReport.warn(late_here, "copy_old") if late_here else StatusReport(Status.UP)


def _lateness(stamp: Stamp | None, copy: Copy, now: float, prefix: str) -> str:
    if stamp is None:
        return f"{prefix}never replicated"
    age = now - stamp.at
    if age <= copy.max_delay:
        return ""
    return f"{prefix}last replicated {age / MINUTE:.0f} min ago, more than {copy.max_delay / MINUTE:.0f} min"
