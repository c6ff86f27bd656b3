"""Zones of a simulated Solaris: which there are, what happens to them, what is seen of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from opensvc_testkit.executables import life
from opensvc_testkit.executables.solaris import zones
from opensvc_testkit.executables.solaris.places import interfaces_of, system_of, zones_of
from opensvc_testkit.executables.store import now
from opensvc_testkit.platforms.solaris_facet import SolarisFacet


@frozen
class SimulatedZones(SolarisFacet):
    """Zones. A zone's root is a folder, the same on every node: ``define_zone`` gives it back."""

    def define_zone(  # noqa: PLR0913 - a zone has that many properties, all but two optional
        self,
        name: str,
        nodes: Iterable[str],
        *,
        installed_on: str = "",
        zonepath: str = "",
        brand: str = "native",
        ip_type: str = "shared",
        address: str = "",
        nets: Sequence[Mapping[str, str]] = (),
        filesystems: Sequence[Mapping[str, str]] = (),
        datasets: Sequence[str] = (),
        autoboot: bool = False,
        hook_time: float = 0.0,
        attach_needs: Sequence[str] = (),
        **changes: Any,
    ) -> Path:
        """Add a zone: its root, and its configuration on some nodes.

        Args:
            name: of the zone, and of the guest in it.
            nodes: that have its configuration; made if needed.
            installed_on: the one of them on which it is installed; configured on the others. Empty: on none.
            zonepath: ``/zones/NAME`` by default. If a pool's file system is mounted there or above, the zone has a root
                on a node only while that is mounted there.
            brand: ``native``, ``ipkg``, ``solaris``: the last is chatty when it is attached.
            ip_type: ``shared`` (the global zone plumbs its addresses) or ``excl``.
            address: that its name has on the network. A shared zone answers there when a node has plumbed it, an
                exclusive one when it has booted.
            nets: ``net`` resources: ``address``, ``physical``, ``defrouter``.
            filesystems: ``fs`` resources: ``dir``, ``special``, ``type``.
            datasets: names of delegated file systems.
            autoboot: the property of its configuration.
            hook_time: seconds that its brand's hook works on after it is halted; ``zoneadm`` refuses meanwhile.
            attach_needs: options of which an attach must have one, as ``-u``, ``-F``, ``-x deny-zbe-clone``.
            changes: of the guest, see ``SimulatedCluster.change_guest``.

        Returns:
            The folder that is its root.
        """
        root = self._add_guest(name, address if ip_type == "excl" else "", changes)
        if address and ip_type != "excl":
            self.cluster.add_machine(name, address, answers=False)
        with self.cluster.opened() as world:
            for node_name in nodes:
                zone = zones.new_zone(name)
                zone["zonepath"] = zonepath or f"/zones/{name}"
                zone["brand"], zone["ip_type"], zone["autoboot"] = brand, ip_type, autoboot
                zone["nets"] = [{"address": "", "physical": "", "defrouter": "", **net} for net in nets]
                zone["filesystems"] = [{"dir": "", "special": "", "type": "", **each} for each in filesystems]
                zone["datasets"] = list(datasets)
                zone["hook_time"], zone["attach_fails"] = hook_time, list(attach_needs)
                if node_name == installed_on:
                    zone["state"], zone["uuid"] = zones.INSTALLED, zones.uuid_of(name)
                zones_of(self._node(world, node_name))[name] = zone
        return root

    def zone_root(self, name: str) -> Path:
        """The folder that is a zone's root: ``svc/etc/init.d`` in it is where its launchers are."""
        return self.cluster.root / "guests" / name

    # -- what happens -----------------------------------------------------------------------------------------------

    def set_zone_state(self, node: str, name: str, state: str) -> None:
        """Put a zone into a state of ``zoneadm list``, as if it hung there. Raises KeyError if there is no such zone.

        What ran in it is gone, unless the state is ``running``.
        """
        with self.cluster.opened() as world:
            there = world["nodes"][node]
            zone = zones_of(there)[name]
            if state != zones.RUNNING:
                life.power_down(there, name)
            if state in zones.WITH_ID and zone["id"] is None:
                zones.make_ready(there, zone)
            elif state not in zones.WITH_ID and zone["id"] is not None:
                zones.forget_platform(there, zone)
            zone["state"] = state
            if state == zones.RUNNING and name not in there["powered"]:
                zones.boot(str(self.cluster.root), world, there, zone, now(world))

    def change_zone(self, node: str, name: str, **changes: Any) -> None:
        """Change properties of a zone on a node by the names of ``shapes.Zone``. Raises KeyError for an unknown one."""
        with self.cluster.opened() as world:
            zone: dict[str, Any] = zones_of(world["nodes"][node])[name]  # type: ignore[assignment]  # set by name
            if unknown := changes.keys() - zone.keys():
                raise KeyError(*sorted(unknown))
            zone.update(changes)

    def remove_folder(self, node: str, path: str, *, is_there: bool = False) -> None:
        """Take a zonepath away on a node, or put it back."""
        with self.cluster.opened() as world:
            missing = system_of(self._node(world, node))["missing_folders"]
            if not is_there:
                missing.append(path)
            elif path in missing:
                missing.remove(path)

    def set_zonepath_mode(self, node: str, path: str, mode: str) -> None:
        """Set the mode of a zonepath on a node, in octal digits; ``zoneadm`` accepts ``700`` only."""
        with self.cluster.opened() as world:
            system_of(self._node(world, node))["modes"][path] = mode

    # -- what is seen -----------------------------------------------------------------------------------------------

    def zone_state(self, node: str, name: str) -> str:
        """State of a zone in ``zoneadm``'s words; empty if that node does not know it."""
        with self.cluster.opened() as world:
            there = self._node(world, node)
            zone = zones_of(there).get(name)
            return zones.shown_state(world, there, zone, now(world)) if zone else ""

    def addresses_of(self, node: str) -> dict[str, tuple[str, str]]:
        """Addresses that are up on a node: by logical interface, address and zone (empty: the global one)."""
        with self.cluster.opened() as world:
            here = interfaces_of(self._node(world, node))
            return {name: (each["address"], each["zone"]) for name, each in here.items() if each["is_up"]}
