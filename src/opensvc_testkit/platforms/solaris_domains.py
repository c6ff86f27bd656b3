"""Logical domains of a simulated Solaris."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from opensvc_testkit.executables import life
from opensvc_testkit.executables.solaris import ldm_changes, ldm_reports
from opensvc_testkit.executables.solaris.places import domains_of
from opensvc_testkit.executables.solaris.shapes import LogicalDomain
from opensvc_testkit.executables.store import now
from opensvc_testkit.platforms.solaris_facet import SolarisFacet

SERVICE = "primary-vds0"
"""Name of the virtual disk service that ``define_domain`` makes."""
FIRST_CONSOLE = 5000


@frozen
class SimulatedDomains(SolarisFacet):
    """Logical domains. Their guests are reached by ssh, as those of any machine."""

    def define_domain(
        self,
        name: str,
        nodes: Iterable[str],
        *,
        state: str = ldm_reports.INACTIVE,
        disks: Mapping[str, str] | None = None,
        cpus: int = 4,
        memory: int = 4 << 30,
        auto_boot: bool | None = None,
        address: str = "",
        **changes: Any,
    ) -> Path:
        """Add a logical domain: its guest, and its definition on some nodes.

        Args:
            name: of domain and guest.
            nodes: whose Logical Domains Manager knows it; made if needed.
            state: ``inactive`` or ``bound`` there.
            disks: devices of the service domain by name of the volume: ``{"vol0": "/dev/dsk/c0t5d0s2"}``.
            cpus: virtual ones.
            memory: bytes.
            auto_boot: the variable ``auto-boot?``; None: nobody set it. A domain with ``false`` stays at its firmware's
                prompt when it is started.
            address: IPv4 address that its guest plumbs.
            changes: of the guest, see ``SimulatedCluster.change_guest``.

        Returns:
            The folder that is its disk.
        """
        disk = self._add_guest(name, address, changes)
        volumes = dict(disks or {})
        with self.cluster.opened() as world:
            for node_name in nodes:
                manager = domains_of(self._node(world, node_name))
                service = manager["services"].setdefault(SERVICE, [])
                for volume, device in volumes.items():
                    service.append({"name": volume, "device": device, "options": ""})
                domain: LogicalDomain = {
                    "name": name,
                    "state": state,
                    "cpus": cpus,
                    "memory": memory,
                    "console": FIRST_CONSOLE + len(manager["domains"]),
                    "disks": [
                        {"name": f"vdisk{number}", "volume": f"{volume}@{SERVICE}", "number": number}
                        for number, volume in enumerate(volumes)
                    ],
                    "variables": {} if auto_boot is None else {"auto-boot?": "true" if auto_boot else "false"},
                    "started_at": 0.0,
                }
                manager["domains"][name] = domain
        return disk

    def set_domain_active(self, node: str, name: str) -> None:
        """Let a domain run on a node, as if it had been started there. Raises KeyError if there is no such domain."""
        with self.cluster.opened() as world:
            there = world["nodes"][node]
            domain = domains_of(there)["domains"][name]
            domain["state"], domain["started_at"] = ldm_reports.ACTIVE, now(world)
            life.power_up(str(self.cluster.root), world, there, ldm_changes.PLATFORM, name, now(world))

    def domain_state(self, node: str, name: str) -> str:
        """``inactive``, ``bound`` or ``active``; empty if that node does not know the domain."""
        with self.cluster.opened() as world:
            domain = domains_of(self._node(world, node))["domains"].get(name)
            if domain is None:
                return ""
            is_late = domain["state"] == ldm_reports.ACTIVE and domain["started_at"] > now(world)
            return ldm_reports.BOUND if is_late else domain["state"]
