"""A simulated Solaris: its zones, logical domains, pools and addresses, on the nodes of a simulated cluster."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from opensvc_testkit.executables import life
from opensvc_testkit.executables.solaris import ldm_reports, pools, zones
from opensvc_testkit.executables.solaris.places import (
    domains_of,
    imported_of,
    interfaces_of,
    new_interface,
    system_of,
    zones_of,
)
from opensvc_testkit.platforms.solaris_domains import SimulatedDomains
from opensvc_testkit.platforms.solaris_facet import PLATFORM, SUNOS
from opensvc_testkit.platforms.solaris_pools import SimulatedPools
from opensvc_testkit.platforms.solaris_zones import SimulatedZones

__all__ = ["PLATFORM", "SUNOS", "SimulatedSolaris"]


@frozen
class SimulatedSolaris(SimulatedZones, SimulatedPools, SimulatedDomains):
    """Solaris on nodes of a cluster; a node's executables are those of the platform ``solaris``.

    Attributes:
        cluster: it belongs to.
    """

    def define_node(
        self, name: str, address: str = "", *, release: str = "11.4", links: Sequence[str] = ("net0",)
    ) -> None:
        """Add a node with Solaris, or change one; what is on it stays.

        Args:
            name: of the node.
            address: IPv4 address on its first card, empty for none.
            release: ``10``, ``illumos``, ``11.0`` to ``11.4``: it decides columns, texts and subcommands.
            links: its network cards; the first is plumbed.
        """
        self.cluster.define_node(name, address, os_name=SUNOS)
        with self.cluster.opened() as world:
            node = world["nodes"][name]
            system = system_of(node)
            system["release"], system["links"] = release, list(links)
            node["platforms"].pop("interfaces", None)
            interfaces_of(node)

    def set_privileged(self, node: str, *, is_privileged: bool) -> None:
        """Whether commands on a node run as root: ``zoneadm`` changes nothing without it, ``zlogin`` lets nobody in."""
        with self.cluster.opened() as world:
            system_of(self._node(world, node))["is_privileged"] = is_privileged

    def plumb(self, node: str, link: str) -> None:
        """Plumb another card of a node, without an address."""
        with self.cluster.opened() as world:
            there = self._node(world, node)
            interfaces_of(there)[link] = new_interface(there, link)

    def reboot_node(self, node: str) -> None:
        """A node lost its power and is back: nothing runs, nothing is plumbed for zones, and nobody exported its pools.

        Pools that are in its usual cache file come back with it, unless another system has taken them meanwhile.
        """
        with self.cluster.opened() as world:
            there = self._node(world, node)
            for zone in zones_of(there).values():
                if zone["id"] is not None:
                    life.power_down(there, zone["name"])
                    zones.forget_platform(there, zone)
            for domain in domains_of(there)["domains"].values():
                if domain["state"] == ldm_reports.ACTIVE:
                    life.power_down(there, domain["name"])
                    domain["state"] = ldm_reports.BOUND
            there["platforms"].pop("interfaces", None)
            here, seen = imported_of(there), pools.visible(world, there)
            for name, imported in list(here.items()):
                pool = seen.get(imported["guid"])
                if imported["cachefile"] or pool is None or pools.is_foreign(there, pool):
                    del here[name]
                else:
                    imported["busy"], imported["is_suspended"] = [], False

    def state_of(self, node: str, name: str) -> str:
        """State of what has this name on a node: a zone, a logical domain, an imported pool; empty if nothing has."""
        return self.zone_state(node, name) or self.domain_state(node, name) or self.pool_health(node, name)
