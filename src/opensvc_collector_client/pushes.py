"""What is sent as it is now, whatever was sent before: services and their disks, the node, packages, checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opensvc_collector_client.parts import Part
from opensvc_collector_client.payloads.node import insert_packages, insert_patches, push_checks, update_asset
from opensvc_collector_client.payloads.services import delete_service_list, register_disks, update_service
from opensvc_collector_client.telling import own_version
from opensvc_collector_client.transport.failures import Refused
from opensvc_core.api import (
    ConfigError,
    OpenSVCError,
    Service,
    collect_inventory,
    list_packages,
    push_stamp,
    read_node_facts,
    run_checks,
    stamp_push,
    status_data,
    unpushed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from opensvc_collector_client.records import Call
    from opensvc_collector_client.session import Session
    from opensvc_core.api import Agent, ServiceInventory

STAMP: Final = ".push"


def send_part(session: Session, part: Part, names: Sequence[str] = ()) -> None:
    """Send one part.

    Args:
        session: of the sender.
        part: which.
        names: of services, for those parts that are about services; all for none.

    Raises:
        OpenSVCError, OSError: it could not be sent, or not all of it.
    """
    work: Mapping[Part, Callable[[], None]] = {
        Part.STATUSES: lambda: push_statuses(session, names),
        Part.PACKAGES: lambda: _push_packages(session),
        Part.PATCHES: lambda: _push_patches(session),
        Part.SERVICES: lambda: push_services(session, names),
        Part.ASSET: lambda: session.delivery.send_calls([update_asset(read_node_facts(session.agent))]),
        Part.CHECKS: lambda: _push_checks(session),
    }
    work[part]()
    session.state.pushed[part.value] = session.agent.clock.now()


def push_services(session: Session, names: Sequence[str] = ()) -> None:
    """Send files and disks of services, and where all are sent, which are not there any more.

    Each service for itself: one whose file is wrong, or that the collector does not take, keeps no other from it.

    Raises:
        OpenSVCError: one could not be sent: the first of them, once all the others were.
        OSError: that it was sent cannot be written down.
    """
    agent = session.agent
    if not names:
        _forget_gone(session)
    services, troubles = _load(agent, agent.find(names))
    digests = {service.name: _digest(agent, service) for service in services}
    inventory = {each.service: each for each in collect_inventory(agent, services).services} if services else {}
    for service in services:
        try:
            session.delivery.send_calls(_service_calls(agent, service, inventory.get(service.name)))
        except Refused as error:
            troubles.append(error)
            session.state.refused_files[service.name] = digests[service.name]
            continue
        stamp_push(agent.node.folders, service.name, digests[service.name])
        session.state.refused_files.pop(service.name, None)
    if troubles:
        raise troubles[0]


def _service_calls(agent: Agent, service: Service, known: ServiceInventory | None) -> list[Call]:
    """The calls that tell a service. Raises Refused where it cannot be told, OSError."""
    text = service.path.read_text(encoding="utf-8", errors="replace")
    try:
        return [
            update_service(service, text, agent.node.name, own_version(), known),
            *register_disks(service.name, known.disks if known else (), agent.node.name),
        ]
    except Exception as error:
        raise Refused(f"{service.name}: it cannot be told: {type(error).__name__}: {error}") from error


def push_changed(session: Session) -> None:
    """Send the services whose file was changed since it was sent, but those that the collector does not take as such.

    Raises:
        CollectorError: it cannot be reached.
        OSError: that they were sent cannot be written down.
    """
    agent, changed = session.agent, []
    for name in agent.find():
        service = Service(name, agent.node.folders.etc / f"{name}.env")
        digest = unpushed(agent.node.folders, service)
        if digest and session.state.refused_files.get(name) != digest:
            changed.append(name)
    if changed:
        try:
            push_services(session, changed)
        except (Refused, ConfigError):
            return  # `osvc collector status` tells of what was refused, `osvc config validate` of wrong files


def push_statuses(session: Session, names: Sequence[str] = ()) -> None:
    """Send the states of services as they are now, once everything that is due was sent.

    Raises:
        OpenSVCError: they could not be sent.
    """
    agent = session.agent
    session.drain()
    services, troubles = _load(agent, agent.find(names))
    for name, status in agent.status(services).items():
        calls = session.teller.status_calls(name, agent.clock.now(), status_data(status))
        session.delivery.send_calls(calls)
    if troubles:
        raise troubles[0]


def _push_packages(session: Session) -> None:
    listed = list_packages(session.agent)
    if listed.packages is not None:
        session.delivery.send_calls(insert_packages(session.agent.node.name, listed.packages))


def _push_patches(session: Session) -> None:
    listed = list_packages(session.agent)
    if listed.patches is not None:
        session.delivery.send_calls(insert_patches(session.agent.node.name, listed.patches))


def _push_checks(session: Session) -> None:
    agent = session.agent
    services, _ = _load(agent, agent.find())
    session.delivery.send_calls(push_checks(run_checks(agent, services)))


def _load(agent: Agent, names: Sequence[str]) -> tuple[list[Service], list[OpenSVCError]]:
    """Services that can be read, and what is wrong with the others."""
    services, troubles = [], []
    for name in names:
        try:
            services.append(agent.load(name))
        except OpenSVCError as error:
            troubles.append(error)
    return services, troubles


def _digest(agent: Agent, service: Service) -> str:
    """Digest of a service file as it is, taken before it is read: what is changed meanwhile is sent again."""
    digest = unpushed(agent.node.folders, service)
    if digest:
        return digest
    return push_stamp(agent.node.folders, service.name).read_text(encoding="ascii", errors="replace").strip()


def _forget_gone(session: Session) -> None:
    """Tell which services, that were sent before, this node does not have any more."""
    folders, here = session.agent.node.folders, set(session.agent.find())
    gone = [path for path in sorted(folders.var.glob(f"*{STAMP}")) if path.name.removesuffix(STAMP) not in here]
    if gone:
        session.delivery.send_calls([delete_service_list([path.name.removesuffix(STAMP) for path in gone])])
        for path in gone:
            path.unlink(missing_ok=True)
