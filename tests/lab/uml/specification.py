"""What a node with a kernel of its own boots with: disk image, settings, command line; data for `boot.sh`."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs

from tests.lab import processes
from tests.lab.specification import MAX_NODES, code_folders, environment, login_files, machine_id, make_keys
from tests.lab.uml.control import PORT
from tests.lab.uml.fabric import CONTROL, PUBLIC, SEGMENTS

TARGET = "iqn.2010-01.lab.opensvc:san"
"""Name of the iSCSI target that has all the shared disks."""

DISK_SIZE = "512M"
BYTECODE = "bytecode"
"""Folder, in the lab's, of what Python has compiled."""
_BOOT = Path(__file__).with_name("boot.sh")
_MODULES = Path("/usr/lib/uml/modules")
_LOADED = ("dm-mod", "sd_mod", "sg", "iscsi_tcp", "loop")

# No udev in a node: LVM looks at /dev itself, waits for nobody, and starts nothing by events. What the cookbook asks
# for is set: only groups that carry a tag of this node are activated.
_LVM_CONF = """\
devices {{
    scan = ["/dev"]
    obtain_device_list_from_udev = 0
    external_device_info_source = "none"
    use_devicesfile = 0
    global_filter = ["a|^/dev/sd|", "a|^/dev/loop|", "a|^/dev/mapper/mpath|", "r|.*|"]
}}
activation {{
    udev_sync = 0
    udev_rules = 0
    verify_udev_operations = 0
    monitoring = 0
    auto_activation_volume_list = []
    volume_list = ["@{name}"]
}}
tags {{ hosttags = 1 }}
global {{ use_lvmlockd = 0 use_lvmpolld = 0 system_id_source = "none" }}
backup {{ backup = 0 archive = 0 }}
"""

# iscsid gives a path up when the target has not answered for 2 + 2 seconds and hands errors up {replacement} s later.
_ISCSID_CONF = """\
node.startup = manual
node.session.timeo.replacement_timeout = {replacement}
node.conn[0].timeo.noop_out_interval = 2
node.conn[0].timeo.noop_out_timeout = 2
node.conn[0].timeo.login_timeout = 5
node.conn[0].timeo.logout_timeout = 5
node.session.initial_login_retry_max = 4
node.session.cmds_max = 128
node.session.queue_depth = 32
"""

_NODE_RECORD = """\
# BEGIN RECORD 2.1.8
node.name = {target}
node.tpgt = 1
iface.iscsi_ifacename = default
iface.transport_name = tcp
node.conn[0].address = {address}
node.conn[0].port = 3260
{timeouts}# END RECORD
"""


@attrs.frozen(slots=True)
class Attachment:
    """How nodes reach the shared disks.

    Attributes:
        portals: addresses of the target, one a path.
        disks: how many SCSI disks a node shows once it has logged in.
        replacement_seconds: how long the kernel holds back commands of a lost path before it lets them fail.
    """

    portals: tuple[str, ...] = ()
    disks: int = 0
    replacement_seconds: int = 5


@attrs.frozen(slots=True)
class Machine:
    """One node, as it is built.

    Attributes:
        name: its host name.
        number: the last number of its addresses.
        segments: its cables.
        memory: of its kernel, in MiB.
        modules: kernel modules loaded at boot, beside those of every node.
        setup: a command line with a program of this machine that the node runs at boot; empty for none.
        images: files that it sees as /dev/ubdb, /dev/ubdc, …
        attachment: its shared disks.
        is_bare: whether it has keys of its own, enters nobody and lets nobody in, until somebody sets that up.
    """

    name: str
    number: int
    segments: tuple[str, ...]
    memory: int = 512
    modules: tuple[str, ...] = ()
    setup: tuple[str, ...] = ()
    images: tuple[Path, ...] = ()
    attachment: Attachment = Attachment()
    is_bare: bool = False

    @property
    def initiator(self) -> str:
        """Its iSCSI name."""
        return f"iqn.2010-01.lab.opensvc:{self.name}"

    def address(self, segment: str) -> str:
        """Its address on a segment."""
        return f"{SEGMENTS[segment]}.{self.number}"


def release() -> str:
    """The version of the kernel that nodes run.

    Raises:
        FileNotFoundError: the package user-mode-linux is not installed.
    """
    return subprocess.run(
        [processes.tool("linux.uml"), "--version"], capture_output=True, text=True, check=True, timeout=10
    ).stdout.strip()


def make_disk(machine: Machine, folder: Path) -> None:
    """Write the image of a node's disk, `<folder>/<name>.img`: an overlay with the node's files in its upper half."""
    source = folder / f"{machine.name}.files"
    for name in ("upper", "work", "root"):
        (source / name).mkdir(parents=True)
    for name, (text, mode) in _files(machine, folder).items():
        path = source / f"upper{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
    (source / "upper" / "root").chmod(0o700)
    for name in ("etc/lvm", "etc/iscsi", "root/.ssh"):
        # Opaque: nothing of this machine's settings shows through.
        os.setxattr(source / "upper" / name, "trusted.overlay.opaque", b"y")
    line = [processes.tool("mke2fs"), "-q", "-t", "ext4", "-m", "0", "-E", "lazy_itable_init=1,lazy_journal_init=1"]
    image = str(folder / f"{machine.name}.img")
    subprocess.run([*line, "-d", str(source), image, DISK_SIZE], check=True, timeout=60, capture_output=True)


def make_settings(machine: Machine, folder: Path) -> Path:
    """Write what `boot.sh` reads; returns the file."""
    settings = {
        "NODE": machine.name,
        "FOLDER": str(folder),
        "MODULES": str(_MODULES / release()),
        "CODE": _words(str(path) for path in code_folders()),
        "LOAD": _words([*_LOADED, *machine.modules]),
        "CARDS": _words(f"{card(segment)}={machine.address(segment)}/24" for segment in machine.segments),
        "SETUP": _words(machine.setup),
        "TARGET": TARGET,
        "PORTALS": _words(machine.attachment.portals),
        "DISKS": str(machine.attachment.disks),
        "CONTROL": f"{machine.address(CONTROL)}:{PORT}",
    }
    path = folder / f"{machine.name}.boot"
    path.write_text("".join(f"{key}={shlex.quote(value)}\n" for key, value in settings.items()))
    return path


def command_line(machine: Machine, folder: Path, settings: Path) -> list[str]:
    """The command that is the node's kernel."""
    cards = [
        f"vec{index}:transport=tap,ifname={machine.name}-{segment},depth=128,gro=1,mac={_mac(machine, segment)}"
        for index, segment in enumerate(machine.segments)
    ]
    disks = [f"ubd{chr(ord('b') + index)}={path}" for index, path in enumerate(machine.images)]
    return [
        "linux.uml", f"mem={machine.memory}M", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", "quiet",
        # LVM looks at each node in /dev: no terminals of old among them, which are five in six.
        f"init={_BOOT}", "noreboot", "panic=1", "pty.legacy_count=0", f"umid={machine.name}", f"uml_dir={folder}/uml",
        "con=null", "con0=null,fd:1", "ssl=null", f"ubda={folder}/{machine.name}.img", *disks, *cards,
        f"lab.boot={settings}",
    ]  # fmt: skip


def processor(machine: Machine) -> int:
    """The number of the processor that a node runs on, the same at each boot.

    A node's kernel and its programs are processes that wait for each other at every system call and every new page:
    on one processor this takes two thirds of what it takes across two.
    """
    all_of_them = sorted(os.sched_getaffinity(0))
    return all_of_them[machine.number % len(all_of_them)]


def node_environment(folder: Path) -> dict[str, str]:
    """The environment of commands in nodes.

    What Python compiles goes to one folder for all nodes and boots: a node needs seconds to compile what it imports.
    """
    own = {"PYTHONPYCACHEPREFIX": str(folder / BYTECODE)}
    return {key: value for key, value in environment().items() if key != "PYTHONDONTWRITEBYTECODE"} | own


def _words(words: Iterable[str]) -> str:
    listed = list(words)
    assert not any(set(word) & set(" \t\n*?[") for word in listed), f"boot.sh reads words: {listed}"
    return " ".join(listed)


def card(segment: str) -> str:
    """The node's name of a network card: `eth0` for the public one, else that of its segment."""
    return "eth0" if segment == PUBLIC else segment


def _mac(machine: Machine, segment: str) -> str:
    return f"52:54:00:77:{list(SEGMENTS).index(segment):02x}:{machine.number:02x}"


def _files(machine: Machine, folder: Path) -> dict[str, tuple[str, int]]:
    others = range(1, MAX_NODES + 1)
    hosts = ["127.0.0.1 localhost", *(f"{SEGMENTS[PUBLIC]}.{number} n{number}" for number in others)]
    known = ",".join(f"n{number},{SEGMENTS[PUBLIC]}.{number}" for number in others)
    files: Mapping[str, str] = {
        "/etc/hostname": f"{machine.name}\n",
        "/etc/hosts": "\n".join(hosts) + "\n",
        "/etc/machine-id": f"{machine_id(machine.name)}\n",
        "/etc/lvm/lvm.conf": _LVM_CONF.format(name=machine.name),
        "/etc/iscsi/initiatorname.iscsi": f"InitiatorName={machine.initiator}\n",
        **_iscsi(machine.attachment),
    }
    keys = folder
    if machine.is_bare:
        keys, known = folder / f"{machine.name}.keys", ""
        keys.mkdir()
        make_keys(keys)
    login = login_files(keys, known, f"PYTHONPYCACHEPREFIX={folder / BYTECODE}")
    return {**{name: (text, 0o644) for name, text in files.items()}, **login}


def _iscsi(attachment: Attachment) -> dict[str, str]:
    """The settings of iscsid, and the records of portals that a discovery would write."""
    timeouts = _ISCSID_CONF.format(replacement=attachment.replacement_seconds)
    records = {
        f"/etc/iscsi/nodes/{TARGET}/{address},3260,1/default": _NODE_RECORD.format(
            target=TARGET, address=address, timeouts=timeouts
        )
        for address in attachment.portals
    }
    return {"/etc/iscsi/iscsid.conf": timeouts, **records}
