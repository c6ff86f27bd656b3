"""A simulated cluster: hypervisors and guests that exist only as files, driven through real executables on PATH."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define

from opensvc_testkit.definitions import domain_xml
from opensvc_testkit.executables import life
from opensvc_testkit.executables.commands import USUAL
from opensvc_testkit.executables.store import now
from opensvc_testkit.faults import FaultKind, Libvirtd, RecordedCall
from opensvc_testkit.guest_disk import LAUNCHERS, launcher_text, make_disk
from opensvc_testkit.installation import COMMANDS, PLATFORMS, write_executables, write_platforms, write_script
from opensvc_testkit.simulated_events import SimulatedEvents

__all__ = ["COMMANDS", "PLATFORMS", "FaultKind", "Libvirtd", "RecordedCall", "SimulatedCluster", "domain_xml"]

DEFAULT_MAC = "52:54:00:00:00:"
NODE_CONF = """\
[node]
; the simulated network answers the command only
ping = command

[collector]
; none: what is played here is nobody else's business
url =
"""
"""Settings of a simulated node."""


@define
class SimulatedCluster(SimulatedEvents):
    """The hypervisors and guests that the simulated executables act on, what happens to them and is seen of them.

    Opening the folder of an existing cluster goes on with it. Several processes may use one cluster.
    """

    # -- executables ------------------------------------------------------------------------------------------------

    def install(
        self, folder: Path, commands: Iterable[str] = (), node: str = "", platforms: Iterable[str] = ()
    ) -> Path:
        """Write the executables into a folder, which is made and given back; removed ones come back.

        Args:
            folder: where they go.
            commands: their names; those of the platforms, if none is given.
            node: where they run if ``$OSVC_NODE`` does not say: the agent's commands do not get its environment.
            platforms: whose executables (``PLATFORMS``); of two with one name the later platform's stays. None given:
                ``libvirt`` and ``network``.

        Raises:
            KeyError: there is no such platform.
        """
        names = tuple(commands)
        if names:
            write_executables(folder, self.root, names, node=node)
        else:
            write_platforms(folder, self.root, tuple(platforms) or USUAL, node=node)
        return folder

    def remove_command(self, folder: Path, command: str) -> None:
        """Make an executable one that is not found.

        Its file stays and names an interpreter that does not exist: to run it gives ``ENOENT``, as a missing file does;
        but whoever looks for the file first does not take a real command further along ``PATH`` for it.
        """
        write_script(folder / command, "#!/nonexistent/simulated-interpreter\n")

    def environment(self, node: str, folder: Path, path: str | None = None) -> dict[str, str]:
        """Variables for a process on a node: ``PATH`` with the executables first, and those that name the node.

        Args:
            node: where the process is to run.
            folder: where the executables are.
            path: what follows them; None: this process's ``PATH``.
        """
        rest = os.environ.get("PATH", os.defpath) if path is None else path
        return {
            "PATH": f"{folder}{os.pathsep}{rest}" if rest else str(folder),
            "OSVC_NODE": node,
            "OSVC_OS": self.os_name(node),
            "OSVC_SIMULATED": str(self.root),
        }

    def os_name(self, node: str) -> str:
        """Operating system of a node; Linux, if nobody declared that node."""
        with self._store.opened() as world:
            return (world["nodes"].get(node) or life.new_node(node))["os_name"]

    def prepare_root(self, root: Path) -> None:
        """Make an agent's root folder use this network: ``etc/node.conf`` (``NODE_CONF``) and ``etc/hosts``.

        ``node.conf`` is written only if it is not there; ``hosts`` always.
        """
        etc = root / "etc"
        etc.mkdir(parents=True, exist_ok=True)
        if not (etc / "node.conf").exists():
            (etc / "node.conf").write_text(NODE_CONF)
        with self._store.opened() as world:
            lines = [
                f"{address['address']} {guest['name']} {guest['hostname']}"
                for guest in world["guests"].values()
                for address in guest["addresses"]
            ]
            others = [*world["nodes"].values(), *world["machines"].values()]
            lines += [f"{other['address']} {other['name']}" for other in others if other["address"]]
        (etc / "hosts").write_text("".join(f"{line}\n" for line in ["# SIMULATED network", *lines]))

    # -- what there is ----------------------------------------------------------------------------------------------

    def define_node(
        self, name: str, address: str = "", libvirtd: Libvirtd = Libvirtd.RUNNING, *, os_name: str = "Linux"
    ) -> None:
        """Add a node, or change one; its guests stay. Nodes that call without being declared are made.

        Args:
            name: of the node.
            address: IPv4 address, empty for none.
            libvirtd: how its libvirtd is.
            os_name: its operating system as ``uname -s`` prints it: ``Linux``, ``HP-UX``, ``SunOS``.
        """
        with self._store.opened() as world:
            node = world["nodes"].setdefault(name, life.new_node(name))
            node["address"], node["libvirtd"], node["os_name"] = address, libvirtd.value, os_name

    def set_libvirtd(self, node: str, libvirtd: Libvirtd) -> None:
        """Let the libvirtd of a node run, hang, refuse, be absent or killed; its guests live on.

        As with the real one, a start that is under way is lost when it dies, and why a guest is off is forgotten.
        """
        with self._store.opened() as world:
            life.settle(self._store.folder, world, now(world))
            there = world["nodes"].setdefault(node, life.new_node(node))
            there["libvirtd"] = libvirtd.value
            if libvirtd in (Libvirtd.ABSENT, Libvirtd.KILLED):
                for domain in there["domains"].values():
                    domain["start_at"] = None
                    if domain["state"] == life.SHUTOFF:
                        domain["reason"] = life.OFF_UNKNOWN

    def define_guest(
        self,
        name: str,
        *,
        nodes: Iterable[str] = (),
        address: str = "",
        device: str = "eth0",
        disks: Sequence[str] = (),
        has_agent: bool = False,
        **changes: Any,
    ) -> Path:
        """Add a guest: its disk, and its definition as a file and in the libvirt of some nodes.

        Args:
            name: of guest and domain.
            nodes: where libvirt knows it already; made if needed.
            address: IPv4 address that it plumbs, empty for none.
            device: the adapter that bears it.
            disks: further block devices in its definition.
            has_agent: whether its QEMU guest agent runs.
            changes: see ``change_guest``.

        Returns:
            The file with its definition, for ``virsh define``.
        """
        text = domain_xml(name, disks=disks, has_agent=has_agent)
        path = self.root / f"{name}.xml"
        path.write_text(text)
        from opensvc_testkit.executables.domain_xml import read_definition, uuid_of

        self.add_guest(name, address=address, device=device, has_agent=has_agent, **changes)
        with self._store.opened() as world:
            for node_name in nodes:
                node = world["nodes"].setdefault(node_name, life.new_node(node_name))
                definition = read_definition(text)[2]
                node["domains"][name] = life.new_domain(name, uuid_of(definition), definition)
        return path

    def add_guest(self, name: str, *, address: str = "", device: str = "eth0", **changes: Any) -> Path:
        """Add a guest that no platform knows yet, or a new one in the place of an old one: its disk, a folder.

        Args:
            name: of the guest.
            address: IPv4 address that it plumbs, empty for none.
            device: the adapter that bears it.
            changes: see ``change_guest``.
        """
        with self._store.opened() as world:
            guest = life.new_guest(name)
            if address:
                mac = DEFAULT_MAC + f"{len(world['guests']) + 1:02x}"
                guest["addresses"] = [{"address": address, "prefix": 24, "device": device, "mac": mac}]
            world["guests"][name] = guest
        self.change_guest(name, **changes)
        return make_disk(self.root, name, str(changes.get("hostname", name)))

    def change_guest(self, name: str, **changes: Any) -> None:
        """Change how a guest behaves from its next boot, shutdown or connection on.

        Args:
            name: of the guest.
            changes: ``boot_time`` seconds until it answers ping (None: never), ``shell_delay`` seconds from then to
                ssh and agent (None: never), ``shutdown_time`` seconds (None: it ignores the power button),
                ``crashes_after`` seconds from its start (None: not), ``has_agent``, ``iproute`` (``iproute2``,
                ``busybox`` or empty), ``has_ifconfig``, ``host_key``, ``hostname``, ``addresses``, ``migration_time``
                seconds (None: it never ends by itself), ``has_shared_images``.

        Raises:
            KeyError: there is no such guest, or no such property.
        """
        with self._store.opened() as world:
            guest: dict[str, Any] = world["guests"][name]  # type: ignore[assignment]  # set by name
            if unknown := changes.keys() - guest.keys():
                raise KeyError(*sorted(unknown))
            guest.update(changes)

    def set_launcher(
        self,
        guest: str,
        script: str,
        *,
        application: str = "",
        statuses: Mapping[str, int] | None = None,
        outputs: Mapping[str, str] | None = None,
        hangs: Collection[str] = (),
    ) -> Path:
        """Write a launcher, ``S10db``, into ``/svc/etc/init.d`` of a guest, or replace it; the file on this machine.

        Args:
            guest: name of the guest.
            script: name of the file.
            application: what it starts; by default the name without its letter and number.
            statuses: exit status by word (``start``, ``stop``, ``status``) where it is not to succeed.
            outputs: what it prints, by word.
            hangs: words at which it blocks until the guest loses power.
        """
        path = self.root / "guests" / guest / LAUNCHERS / script
        write_script(
            path, launcher_text(application or script[1:].lstrip("0123456789"), statuses or {}, outputs or {}, hangs)
        )
        return path

    def add_machine(self, name: str, address: str, mac: str = "52:54:00:ff:ff:ff", *, answers: bool = True) -> None:
        """Put another machine on the network, or change it; with a guest's address it is a duplicate."""
        with self._store.opened() as world:
            world["machines"][name] = {"name": name, "address": address, "mac": mac, "answers": answers}
