"""What a collector is told of a service: its file, and the disks that it uses on this node. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_collector_client.payloads.redaction import without_secrets
from opensvc_collector_client.payloads.statuses import service_facts
from opensvc_collector_client.payloads.text import one_word, stripped_configuration
from opensvc_collector_client.records import Call, row
from opensvc_core.api import to_scsi_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opensvc_core.api import DiskRecord, Service, ServiceInventory

MEGABYTE = 1024 * 1024


def update_service(
    service: Service, configuration: str, node: str, version: str, inventory: ServiceInventory | None = None
) -> Call:
    """A service as its file describes it.

    Args:
        service: read for this node.
        configuration: text of its file; comments, blank lines and secrets are not sent.
        node: this node's name.
        version: of the agent.
        inventory: of the service, for vcpus and memory (in megabytes, as in 2010), where it was asked.
    """
    facts, options = service_facts(service), service.options
    fields = {
        "svc_hostid": node,
        "svc_name": service.name,
        "svc_vmname": facts.guest,
        "svc_type": facts.type,
        "svc_nodes": service.nodes,
        "svc_drpnode": options.get("drpnode") or next(iter(service.drpnodes), ""),
        "svc_drpnodes": service.drpnodes,
        "svc_comment": without_secrets(str(options.get("comment") or "")),
        "svc_drptype": options.get("drp_type"),
        "svc_autostart": options.get("autostart_node"),
        "svc_app": options.get("app"),
        "svc_containertype": facts.container_type,
        "svc_envfile": stripped_configuration(configuration),
        "svc_version": version,
        "svc_drnoaction": bool(options.get("drnoaction")),
        "svc_guestos": options.get("guest_os"),
    }
    if inventory is not None:
        fields["svc_vcpus"] = inventory.vcpus
        fields["svc_vmem"] = None if inventory.memory is None else inventory.memory // MEGABYTE
    return row("update_service", fields)


def delete_service_list(names: Sequence[str]) -> Call:
    """Services that this node does not have any more."""
    return Call("delete_service_list", ([one_word(name) for name in names],))


def register_disks(service: str, disks: Iterable[DiskRecord], node: str) -> list[Call]:
    """The disks of a service on this node, in place of those that it had.

    A disk without identity, or whose size cannot be told, is not sent: nobody could say which it is.
    """
    calls = [Call("delete_disks", (service, node))]
    seen: set[str] = set()
    for disk in disks:
        disk_id = one_word(to_scsi_id(disk.disk_id)) if disk.disk_id else ""
        if not disk_id or disk.size is None or disk_id in seen:
            continue
        seen.add(disk_id)
        calls.append(
            row(
                "register_disk",
                {
                    "disk_id": disk_id,
                    "disk_svcname": service,
                    "disk_size": disk.size // MEGABYTE,
                    "disk_vendor": disk.vendor,
                    "disk_model": disk.model,
                    "disk_dg": one_word(disk.group),
                    "disk_nodename": node,
                },
            )
        )
    return calls
