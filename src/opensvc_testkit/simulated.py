"""A simulated cluster: hypervisors and guests that exist only as files, driven through real executables on PATH."""

from __future__ import annotations

import ast
import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from opensvc_testkit.definitions import domain_xml
from opensvc_testkit.executables import life
from opensvc_testkit.executables.commands import USUAL
from opensvc_testkit.executables.store import Store, now
from opensvc_testkit.executables.virsh_reports import STATES, reason_of
from opensvc_testkit.faults import FaultKind, Libvirtd, RecordedCall
from opensvc_testkit.guest_disk import LAUNCHERS, launcher_text, make_disk
from opensvc_testkit.installation import COMMANDS, PLATFORMS, write_executables, write_platforms, write_script

if TYPE_CHECKING:
    from opensvc_testkit.executables.shapes import World

__all__ = ["COMMANDS", "PLATFORMS", "FaultKind", "Libvirtd", "RecordedCall", "SimulatedCluster", "domain_xml"]

POLL = 0.01
"""Seconds between two looks at the record of calls."""
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


def _resolved(path: Path) -> Path:
    return Path(path).resolve()


@define
class SimulatedCluster:
    """The hypervisors and guests that the simulated executables act on.

    Opening the folder of an existing cluster goes on with it. Several processes may use one cluster.

    Attributes:
        root: folder of its state; made if it is not there.
    """

    root: Path = field(converter=_resolved)
    _store: Store = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._store = Store(str(self.root))
        if not (self.root / "world").exists():
            self._store.create(
                {
                    "clock_offset": 0.0,
                    "nodes": {},
                    "guests": {},
                    "machines": {},
                    "faults": [],
                    "next_fault": 1,
                    "next_boot": 1,
                    "disks": {},
                }
            )

    @contextmanager
    def opened(self) -> Iterator[World]:
        """The world under its lock, brought up to date; for the facets of the platforms.

        What is changed is kept at the end of the block.
        """
        with self._store.opened() as world:
            life.settle(self._store.folder, world, now(world))
            yield world

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

    # -- what happens -----------------------------------------------------------------------------------------------

    def set_fault(  # noqa: PLR0913 - a fault has that many sides, all but two optional
        self,
        command: str,
        kind: FaultKind,
        *,
        words: Iterable[str] = (),
        node: str = "",
        seconds: float = 0.0,
        status: int | None = None,
        text: str = "",
        after: bool = False,
        times: int | None = None,
    ) -> None:
        """Let calls go wrong; the first fault that fits a call strikes.

        Args:
            command: the executable.
            kind: what happens.
            words: all of them must be among the call's words (those of one argument count singly).
            node: only there; empty for everywhere.
            seconds: of ``SLOW`` and ``LATE``.
            status: exit status of ``FAIL`` (1) and ``GARBAGE`` (0).
            text: what ``FAIL`` and ``GARBAGE`` print.
            after: whether the work is done before ``HANG``, ``FAIL`` or ``GARBAGE``.
            times: how many calls it strikes; None for all until ``clear_faults``.
        """
        with self._store.opened() as world:
            number, world["next_fault"] = world["next_fault"], world["next_fault"] + 1
            world["faults"].append(
                {
                    "number": number,
                    "command": command,
                    "words": list(words),
                    "node": node,
                    "kind": kind.value,
                    "seconds": seconds,
                    "status": int(kind is FaultKind.FAIL) if status is None else status,
                    "text": text,
                    "after": after,
                    "times": times,
                }
            )

    def clear_faults(self) -> None:
        """No call goes wrong any more; what hangs by a fault without ``times`` goes on."""
        with self._store.opened() as world:
            world["faults"].clear()

    def advance(self, seconds: float) -> None:
        """Move the cluster's clock on: guests boot and shut down without anyone waiting."""
        with self._store.opened() as world:
            life.settle(self._store.folder, world, now(world))
            world["clock_offset"] += seconds
            life.settle(self._store.folder, world, now(world))

    def freeze_guest(self, node: str, name: str, *, is_frozen: bool = True) -> None:
        """Stop a guest's process as SIGSTOP does, or let it go on. Raises KeyError if it is not on that node."""
        with self.opened() as world:
            there = world["nodes"][node]
            living: life.Living = there["powered"].get(name) or there["domains"][name]
            living["is_frozen"] = is_frozen

    def crash_guest(self, node: str, name: str) -> None:
        """The guest's process on a node dies. Raises KeyError if it is not on that node."""
        with self.opened() as world:
            there = world["nodes"][node]
            if power := there["powered"].get(name):
                life.end_power(self._store.folder, world, there, power, life.HAS_CRASHED, now(world))
            else:
                life.power_off(there, there["domains"][name], life.OFF_CRASHED)

    def set_domain_state(self, node: str, name: str, state: int, reason: int = 0) -> None:
        """Set libvirt's numbers of a domain, as ``virsh domstats --state`` tells them.

        Args:
            node: of the domain.
            name: of the domain.
            state: 0 no state, 1 running, 2 blocked, 3 paused, 4 in shutdown, 5 shut off, 6 crashed, 7 pmsuspended.
            reason: depends on the state.

        Raises:
            KeyError: there is no such domain.
        """
        with self._store.opened() as world:
            domain = world["nodes"][node]["domains"][name]
            if domain["id"] is None and state != life.SHUTOFF:
                life.power_on(self._store.folder, world, world["nodes"][node], domain, now(world))
            domain["state"], domain["reason"] = state, reason

    def close(self) -> None:
        """End all that runs or hangs. The cluster is of no use after it; its record of calls stays."""
        with self._store.opened() as world:
            for node in world["nodes"].values():
                for domain in list(node["domains"].values()):
                    life.power_off(node, domain, life.OFF_DESTROYED)
                for guest in list(node["powered"]):
                    life.power_down(node, guest)
        (self.root / "world").unlink()

    # -- what is seen -----------------------------------------------------------------------------------------------

    def state_of(self, node: str, name: str) -> str:
        """State of a domain in virsh's words, ``running (booted)``; empty if that node's libvirt does not know it."""
        with self._store.opened() as world:
            life.settle(self._store.folder, world, now(world))
            domain = world["nodes"].get(node, life.new_node(node))["domains"].get(name)
            return f"{STATES[domain['state']]} ({reason_of(domain)})" if domain else ""

    def wait_for_state(self, node: str, name: str, state: str, timeout: float = 10.0) -> None:
        """Wait until ``state_of`` says a state. Raises TimeoutError."""
        limit = time.monotonic() + timeout
        while (now_is := self.state_of(node, name)) != state:
            if time.monotonic() > limit:
                raise TimeoutError(f"{name} on {node} is {now_is!r}, not {state!r}, after {timeout} s")
            time.sleep(POLL)

    def is_starting(self, node: str, name: str) -> bool:
        """Whether a late start of a domain is under way. Raises KeyError if there is no such domain."""
        with self._store.opened() as world:
            life.settle(self._store.folder, world, now(world))
            return life.is_held(world["nodes"][node]["domains"][name])

    def running_on(self, name: str) -> tuple[str, ...]:
        """Nodes on which a guest runs; two are what a cluster must prevent."""
        with self._store.opened() as world:
            life.settle(self._store.folder, world, now(world))
            return tuple(sorted(node["name"] for node, _ in life.where_active(world, name)))

    def is_application_up(self, guest: str, application: str) -> bool:
        """Whether an application runs in a guest, wherever that runs."""
        with self._store.opened() as world:
            life.settle(self._store.folder, world, now(world))
            boots = [living["boot"] for _, living in life.where_active(world, guest)]
        return any(Path(boot, f"application.{application}").exists() for boot in boots)

    def calls(self, command: str = "", *words: str) -> tuple[RecordedCall, ...]:
        """Calls so far, in the order in which they began: all, or of one executable with these words in it."""
        found: dict[tuple[int, float], RecordedCall] = {}
        try:
            lines = (self.root / "calls").read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return ()
        for line in lines:
            kind, pid, began, *rest = ast.literal_eval(line)
            if kind == "begin":
                found[pid, began] = RecordedCall(rest[0], tuple(rest[2:]), rest[1], pid, began)
            elif kind == "end" and (pid, began) in found:
                found[pid, began] = evolve(found[pid, began], ended=rest[0], status=rest[1])
        return tuple(
            call
            for call in found.values()
            if (call.command == command if command else not call.command.startswith("guest-"))
            and all(word in " ".join(call.arguments).replace(";", " ; ").split() for word in words)
        )

    def clear_calls(self) -> None:
        """Forget the calls so far."""
        (self.root / "calls").unlink(missing_ok=True)

    def wait_for_call(self, command: str, *words: str, count: int = 1, timeout: float = 10.0) -> RecordedCall:
        """Wait until so many of such calls have begun; the latest. Words as in ``calls``. Raises TimeoutError."""
        limit = time.monotonic() + timeout
        while len(found := self.calls(command, *words)) < count:
            if time.monotonic() > limit:
                raise TimeoutError(f"{len(found)} calls of {command} {' '.join(words)} within {timeout} s, not {count}")
            time.sleep(POLL)
        return found[-1]

    def wait_until_waiting(self, pid: int, timeout: float = 10.0) -> None:
        """Wait until the call of that process waits for something in the world. Raises TimeoutError."""
        limit = time.monotonic() + timeout
        mark = f"('wait', {pid}, "
        while not any(line.startswith(mark) for line in (self.root / "calls").read_text(errors="replace").splitlines()):
            if time.monotonic() > limit:
                raise TimeoutError(f"process {pid} does not wait within {timeout} s")
            time.sleep(POLL)
