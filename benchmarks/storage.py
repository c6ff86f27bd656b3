"""Volume groups and reservations: the real LVM on loop devices, the real `sg_persist` against a real target."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from benchmarks.figures import Figure
from benchmarks.measure import in_turn
from opensvc_core.actions.agent import Agent
from opensvc_core.api import Device, LogicalUnit, Registrations, Reservation, ReservationError, hookimpl
from opensvc_core.host.local import LocalHost
from opensvc_scsi_sg import SgPersist
from tests.lab.sgio.bench import NexusBench
from tests.lab.sgio.nexus import Fault, Nexus, delay
from tests.lab.specification import environment
from tests.opensvc_core.actions.files_platform import FileDriver, FilesRegistry, open_files_agent, write_service

if TYPE_CHECKING:
    from opensvc_core.context import Context

GROUPS = 200
SLOW_DEVICES = 64
ADDED = 1.0
"""Seconds by which each answer of a slow device is late."""
SLOW_LIMIT = 3.0
RESERVED_DEVICES = 16
RESERVED_FACTOR, RESERVED_MORE = 1.3, 1.0
ROUNDS = 5

_LVM_CONF = """\
devices {{
    scan = [ "{folder}" ]
    dir = "{folder}"
    obtain_device_list_from_udev = 0
    external_device_info_source = "none"
    use_devicesfile = 0
    filter = [ "a|^{folder}/|", "r|.*|" ]
    global_filter = [ "a|^{folder}/|", "r|.*|" ]
}}
global {{ use_lvmpolld = 0 use_lvmlockd = 0 locking_dir = "{folder}/lock" }}
activation {{ udev_sync = 0 udev_rules = 0 }}
backup {{ backup = 0 archive = 0 }}
"""
# Not simulated: it notes that it was called, in one write, and becomes the real one with the benchmark's configuration.
_WATCHED = """#!/bin/sh
echo {name} >>{folder}/calls
LVM_SYSTEM_DIR={folder}/lvm exec /sbin/{name} "$@"
"""


# -- volume groups --------------------------------------------------------------------------------------------------


def status_of_groups() -> Iterator[Figure]:
    """`osvc status` of 200 services, each with a volume group: how many commands, and how long."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        _make_groups(folder, stack)
        path = f"{folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        env = {"PATH": path, "OSVC_ROOT": f"{folder}/root", "OSVC_NODE": "n1", "LC_ALL": "C"}
        osvc = [str(Path(sys.executable).with_name("osvc")), "status", "--format", "json"]
        told = json.loads(subprocess.run(osvc, env=env, check=True, capture_output=True, timeout=300).stdout)
        if len(told["services"]) != GROUPS:
            raise AssertionError(f"{len(told['services'])} services are told")
        calls = (folder / "calls").read_text().split()
        for tool in ("vgs", "lvs"):
            yield Figure(f"{tool} calls for {GROUPS} groups of {GROUPS} services", calls.count(tool), 1, "", "counted")
        bare = ["sh", "-c", "vgs --reportformat json -o +pv_name,tags >/dev/null; lvs --reportformat json >/dev/null"]
        took = in_turn(
            {
                "lvm": lambda: subprocess.run(bare, env=env, check=True, timeout=300),
                "osvc": lambda: subprocess.run(osvc, env=env, check=True, capture_output=True, timeout=300),
            },
            ROUNDS,
        )
        lvm, whole = took.median("lvm"), took.median("osvc")
        detail = f"limit: 3 x vgs and lvs {lvm:.2f} s + 1 s"
        yield Figure(f"osvc status of {GROUPS} groups of {GROUPS} services", whole, 3 * lvm + 1, "s", detail)


def _make_groups(folder: Path, stack: ExitStack) -> None:
    """Groups `g000`, … on loop devices of their own, the services of them, and LVM's tools, watched."""
    for each in ("lvm", "bin", "root/etc", "dev"):
        (folder / each).mkdir(parents=True)
    devices = folder / "dev"
    (folder / "lvm" / "lvm.conf").write_text(_LVM_CONF.format(folder=devices))
    for name in ("vgs", "lvs", "vgchange", "lvmconfig", "vgcreate"):
        tool = folder / "bin" / name
        tool.write_text(_WATCHED.format(name=name, folder=folder))
        tool.chmod(0o755)
    for number in range(GROUPS):
        name = f"g{number:03}"
        image = folder / f"{name}.img"
        with image.open("wb") as file:
            file.truncate(4 << 20)
        loop = _run("losetup", "--find", "--show", str(image))
        stack.callback(_run, "losetup", "--detach", loop)
        # Not the group's name: a folder of that name is LVM's.
        disk = devices / f"disk{number:03}"
        disk.symlink_to(loop)
        _run(str(folder / "bin" / "vgcreate"), "-q", name, str(disk))
        service = f"[default]\nnodes = n1 n2\n\n[disk#1]\ntype = lvm\nvgname = {name}\n"
        (folder / "root" / "etc" / f"s{number:03}.env").write_text(service)
    (folder / "calls").unlink()


def _run(*argv: str) -> str:
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr}")
    return done.stdout.strip()


# -- reservations ---------------------------------------------------------------------------------------------------


@frozen
class Direct:
    """The backend `sg_persist` on the devices of a nexus, which have no `/sys` to be identified by."""

    names: tuple[str, ...] = ("sg_persist",)
    tool: SgPersist = field(factory=SgPersist)

    def identify(
        self, devices: Sequence[Device], context: Context
    ) -> Iterable[tuple[Device, LogicalUnit | ReservationError]]:
        """The file's name is the identity; it is the only path."""
        return [(device, LogicalUnit(device, Path(device.path).name, (device.path,))) for device in devices]

    def read_registrations(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterable[tuple[LogicalUnit, Registrations | ReservationError]]:
        """As the backend."""
        return self.tool.read_registrations(units=units, context=context)

    def read_holder(
        self, units: Sequence[LogicalUnit], context: Context
    ) -> Iterable[tuple[LogicalUnit, Reservation | ReservationError]]:
        """As the backend."""
        return self.tool.read_holder(units=units, context=context)

    def change(self, primitive: str, unit: LogicalUnit, context: Context, **keys: int) -> None:
        """As the backend."""
        getattr(self.tool, primitive)(unit=unit, context=context, **keys)


def _agent(folder: Path, nexus: Nexus, count: int) -> Agent:
    """An agent on a node whose service has one disk resource that stands on the first devices of a nexus."""
    devices = tuple(nexus.device(unit) for unit in range(1, count + 1))

    class ManyDevices(FileDriver):
        @hookimpl
        def list_devices(self, resource: Any, context: Context) -> list[Device]:
            return [Device(path) for path in devices]

    class Devices(FilesRegistry):
        def load(self, name: str) -> type[Any]:
            return ManyDevices if name == "disk.file" else super().load(name)

    write_service(folder, text="[default]\nnodes = n1\n[disk#1]\ntype = file\nscsireserv = true\n")
    env = {"LD_PRELOAD": nexus.env["LD_PRELOAD"]}
    agent = open_files_agent(folder, host=LocalHost("n1", environment()["PATH"], env=env))
    agent.dispatcher = type(agent.dispatcher)(Devices())
    agent.reservations = Direct()
    return agent


def _row(agent: Agent) -> str:
    (row,) = [r for r in agent.status([agent.load("svc")])["svc"].resources if r.resource.rid == "disk#1pr"]
    return "; ".join([row.shown.value, *(note.text for note in row.report.notes)])


def status_of_slow_devices() -> Iterator[Figure]:
    """Status of the reservations of 64 devices whose every answer comes a second late."""
    with NexusBench(SLOW_DEVICES) as bench, tempfile.TemporaryDirectory() as name:
        nexus = bench.add("n1")
        agent = _agent(Path(name), nexus, SLOW_DEVICES)
        if (said := _row(agent)) != "down":
            raise AssertionError(f"not free: {said}")
        nexus.set_faults(Fault(delay(ADDED)))
        took = in_turn({"status": lambda: _row(agent)}, ROUNDS)
        detail = f"every answer {ADDED:g} s late; registrations and holder are asked for one after the other"
        what = f"status of the reservations of {SLOW_DEVICES} devices"
        yield Figure(what, took.median("status"), SLOW_LIMIT, "s", detail)


def start_of_reserved_devices() -> Iterator[Figure]:
    """A start that reserves 16 devices, against the same commands by hand, as many at once."""
    with NexusBench(RESERVED_DEVICES) as bench, tempfile.TemporaryDirectory() as name:
        nexus = bench.add("n1")
        agent = _agent(Path(name), nexus, RESERVED_DEVICES)

        def start() -> None:
            run = agent.run(agent.plan("start", [agent.load("svc")]))
            if run.exit_status:
                raise AssertionError(f"not started: {run}")

        start()
        if (said := _row(agent)) != "up":
            raise AssertionError(f"not held: {said}")
        waves = _waves(agent)
        _free(agent, bench)
        took = in_turn({"bare": lambda: _play(waves, nexus), "osvc": start}, ROUNDS, lambda: _free(agent, bench))
        bare, osvc = took.median("bare"), took.median("osvc")
        detail = f"limit: {RESERVED_FACTOR} x the same {sum(map(len, waves))} commands {bare:.2f} s + {RESERVED_MORE} s"
        limit = RESERVED_FACTOR * bare + RESERVED_MORE
        yield Figure(f"start of a service with {RESERVED_DEVICES} reserved devices", osvc, limit, "s", detail)


def _waves(agent: Agent) -> list[list[Sequence[str]]]:
    """The commands of the last run, in its order: those that were under way at once are one wave."""
    (run,) = agent.history("svc", limit=1)
    waves: list[list[Sequence[str]]] = []
    ended: list[float] = []
    for command in sorted(agent.journal.commands(run.id), key=lambda each: each.began):
        if command.argv[0] != "sg_persist":
            continue
        if not waves or command.began >= max(ended):
            waves.append([])
            ended = []
        waves[-1].append(command.argv)
        ended.append(command.ended)
    return waves


def _play(waves: Sequence[Sequence[Sequence[str]]], nexus: Nexus) -> None:
    env: Mapping[str, str] = {"SG_PERSIST_O_RDONLY": "", "LC_ALL": "C"}
    with ThreadPoolExecutor(SLOW_DEVICES) as pool:
        for wave in waves:
            list(pool.map(lambda argv: nexus.run(argv, env=env), wave))


def _free(agent: Agent, bench: NexusBench) -> None:
    agent.run(agent.plan("stop", [agent.load("svc")]))
    for lun in bench.luns:
        if bench.san.reservations(lun).keys:
            bench.san.clear(lun)
