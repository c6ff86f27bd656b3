"""Service files for tests: the cookbook's own, drivers that are installed on paper, and short ways to load a text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from opensvc_core.config.keywords import DriverInfo, Keyword, Kind
from opensvc_core.config.load import load_service
from opensvc_core.errors import ConfigError, ConfigProblem, DriverError
from opensvc_core.model import Phase, Service
from opensvc_core.node import Folders, Node

FILE = Path("svc1.env")

COOKBOOK = """\
[default]
vm_name = vm188
app = ERP
comment = recette gen db #2
mode = hpvm
service_type = DEV
nodes = node109 node110 node111 node112
autostart_node = node109
;drpnode = vm5
;scsireserv = false

[ip#1]
ipname = vm188
ipdev = lan0

[vmdg]
scsireserv = false
"""
"""The service file of the cookbook, as printed there."""

CONTAINER = (
    Keyword("name", "Name.", aliases=("vm_name",), inherits="vm_name"),
    Keyword("guest_os", "System.", inherits="guest_os"),
    Keyword("start_timeout", "Limit.", Kind.DURATION, default=240.0),
    Keyword("uri", "Hypervisor.", default="qemu:///system"),
    Keyword("qga", "Agent.", Kind.BOOLEAN, default=False),
)

INSTALLED: Mapping[str, DriverInfo] = {
    info.id: info
    for info in (
        DriverInfo("container.kvm", CONTAINER, Phase.CONTAINER),
        DriverInfo("container.lxc", CONTAINER, Phase.CONTAINER),
        DriverInfo("container.zone", CONTAINER, Phase.CONTAINER),
        DriverInfo("disk.vmdg", (), Phase.DISK),
        DriverInfo("disk.lvm", (Keyword("vgname", "Name.", required=True, example="data"),), Phase.DISK),
        DriverInfo(
            "fs.mount",
            (Keyword("dev", "Device.", required=True), Keyword("mnt", "Folder.", Kind.PATH, required=True)),
            Phase.FILESYSTEM,
        ),
        DriverInfo("fs.zfs", (Keyword("dev", "Device."),), Phase.FILESYSTEM),
        DriverInfo(
            "ip.guest",
            (
                Keyword("ipname", "Name.", required=True, example="vm188"),
                Keyword("ipdev", "Adapter."),
                Keyword("start_timeout", "Limit.", Kind.DURATION, default=60.0),
            ),
            Phase.GUEST_ADDRESS,
        ),
        DriverInfo("ip.host", (Keyword("ipname", "Name.", required=True), Keyword("ipdev", "Adapter."))),
        DriverInfo("app.launchers", (Keyword("scripts", "Folder.", Kind.PATH),), Phase.APPLICATION),
        DriverInfo("task.cron", (Keyword("command", "Command."),), Phase.APPLICATION),
    )
}


def describe(driver: str) -> DriverInfo | None:
    """What is known of the drivers above; ``container.broken`` is there and cannot be used."""
    if driver == "container.broken":
        raise DriverError("driver container.broken failed to load: ImportError('no libbroken')", hint="mend it")
    return INSTALLED.get(driver)


def make_node(name: str = "node109", os_name: str = "Linux", root: Path = Path("/nonexistent")) -> Node:
    """A node with nothing below its root."""
    return Node(name, os_name, Folders(root))


def load(text: str, node: Node | None = None) -> Service:
    """The service of a text, on ``node109`` if nothing else is said."""
    return load_service(FILE, node or make_node(), describe, text=text)


def problems_of(text: str, node: Node | None = None) -> tuple[ConfigProblem, ...]:
    """All that is wrong with a text; nothing if it loads."""
    try:
        load(text, node)
    except ConfigError as error:
        return error.problems
    return ()


def said(text: str, node: Node | None = None) -> list[str]:
    """The problems of a text as an operator reads them."""
    return [str(problem) for problem in problems_of(text, node)]
