"""Which guest uses a resource's disks: its own, or by volumes and files that its disks lie on. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opensvc_core.inventory.fact_names import GROUP
from opensvc_core.model import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opensvc_core.inventory.assemble import Told
    from opensvc_core.model import Resource, Service


def guest_of(container: Resource) -> str:
    """Name of the guest of a container resource, as its platform knows it."""
    return str(container.options.get("name") or container.id.service)


def find_guests(service: Service, told: Mapping[str, Told]) -> dict[str, str]:
    """Name of the guest by rid: of each container, of what lives in one, and of what its disks lie on."""
    found: dict[str, str] = {}
    for container in service.resources:
        if container.phase is not Phase.CONTAINER:
            continue
        guest = guest_of(container)
        found[container.rid] = guest
        for other in service.resources:
            if other.container == container.rid:
                found.setdefault(other.rid, guest)
        paths = _paths(told.get(container.rid))
        while paths:
            path = paths.pop()
            for other in service.resources:
                if other.rid not in found and path.startswith(_places(other, told.get(other.rid))):
                    found[other.rid] = guest
                    paths += _paths(told.get(other.rid))
    return found


def _paths(told: Told | None) -> list[str]:
    return [device.path for device in (told.disks or ()) if device.kind != "network"] if told else []


def _places(resource: Resource, told: Told | None) -> tuple[str, ...]:
    """What begins the path of a thing that lies on a resource: volumes of a group, files of a file system."""
    places = []
    group = str(told.facts.get(GROUP) or "") if told else ""
    if group:
        places += [f"/dev/{group}/", f"/dev/mapper/{group.replace('-', '--')}-"]
        places += [f"/dev/zvol/{kind}/{group}/" for kind in ("dsk", "rdsk")]
    if mount := str(resource.options.get("mnt") or "").rstrip("/"):
        places.append(f"{mount}/")
    return tuple(places)
