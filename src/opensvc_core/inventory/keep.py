"""What was told last, kept below ``var/`` for those who cannot ask: services' inventories, and the node's checks."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from attrs import asdict

from opensvc_core.state_files import write_json

if TYPE_CHECKING:
    from pathlib import Path

    from opensvc_core.inventory.records import CheckReport, Inventory
    from opensvc_core.node import Folders


def inventory_file(folders: Folders, service: str) -> Path:
    """Where the inventory of a service is kept."""
    return folders.var / "inventory" / f"{service}.json"


def checks_file(folders: Folders) -> Path:
    """Where the checks of the node are kept."""
    return folders.var / "checks.json"


def keep_inventory(folders: Folders, inventory: Inventory) -> None:
    """Keep what was told, a file a service. Raises OSError; what was kept before stays then."""
    for service in inventory.services:
        document = {"node": inventory.node, "at": inventory.at, **_plain(service)}
        write_json(inventory_file(folders, service.service), document)


def keep_checks(folders: Folders, report: CheckReport) -> None:
    """Keep what the checks said. Raises OSError; what was kept before stays then."""
    write_json(checks_file(folders), _plain(report))


def _plain(record: Any) -> dict[str, Any]:
    return asdict(record, value_serializer=lambda _, __, value: value.value if isinstance(value, Enum) else value)
