"""What a node of the lab boots with: mounts, files, network commands; data for `pid1.py`."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path

from tests.lab import cgroups
from tests.lab.network import SEGMENTS

REPOSITORY = Path(__file__).parents[2]
MAX_NODES = 9
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_HIDDEN = ("/tmp", "/run", "/dev/shm")
"""Where a node has an empty file system of its own."""

TOOLS = "/srv/tools"
"""Where a node of the lab looks for commands first, under sshd too: what stands there stands before the real one."""

_SSHD = """\
HostKey /etc/ssh/lab_hostkey
PidFile /run/sshd.pid
UsePAM no
UseDNS no
PermitRootLogin yes
StrictModes {strict}
PasswordAuthentication no
KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256
PrintMotd no
MaxStartups 200
MaxSessions 200
Subsystem sftp internal-sftp
SetEnv PATH={path}
"""
# KexAlgorithms: Debian's default (sntrup761) costs 110 ms of CPU a connection.


def environment() -> dict[str, str]:
    """The environment of commands in a node: the running interpreter first on PATH, the C locale, root's home."""
    path = f"{Path(sys.executable).parent}:{_SYSTEM_PATH}"
    return {"PATH": path, "HOME": "/root", "USER": "root", "LC_ALL": "C", "LANG": "C", "PYTHONDONTWRITEBYTECODE": "1"}


def host_files(disk: Path) -> None:
    """Make what all nodes of a lab share: the keys of `make_keys`, the table `hosts`."""
    make_keys(disk)
    lines = ["127.0.0.1 localhost"]
    for number in range(1, MAX_NODES + 1):
        lines += [f"{SEGMENTS['pub']}.{number} node{number}", f"{SEGMENTS['hb']}.{number} node{number}-hb"]
    (disk / "hosts").write_text("\n".join(lines) + "\n")


def make_keys(disk: Path) -> None:
    """Make root's key `id` and the nodes' host key `hostkey` in the folder `disk`."""
    for name in ("id", "hostkey"):
        line = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"lab {name}", "-f", str(disk / name)]
        subprocess.run(line, check=True, timeout=20, stdin=subprocess.DEVNULL)


def node_specification(
    name: str, number: int, disk: Path, *, is_bare: bool = False, is_new: bool = True, binds: Sequence[str] = ()
) -> dict[str, object]:
    """All that `pid1.py` needs to boot the node `name`, in JSON's types.

    Args:
        name: of the node.
        number: the last number of its addresses.
        disk: the lab's folder.
        is_bare: whether it has keys of its own, enters nobody and lets nobody in.
        is_new: whether it boots for the first time; what a bare node was taught since lies on its disk.
        binds: folders of the node that are file systems of their own, `small_disk` of them.
    """
    own = disk / name
    if is_bare:
        own.joinpath("keys").mkdir(exist_ok=True)
        if is_new:
            make_keys(own / "keys")
    return {
        "hostname": name,
        "root": str(own / "root"),
        "upper": str(own / "upper"),
        "work": str(own / "work"),
        "mounts": [*_mounts(disk), *(["bind", str(small_disk(disk, name, path)), "", path] for path in binds)],
        "file_binds": [["/dev/pts/ptmx", "/dev/ptmx"], ["/run/boot_id", "/proc/sys/kernel/random/boot_id"]],
        "files": _files(name, disk, is_bare=is_bare, is_new=is_new),
        "commands": _network(number),
    }


def small_disk(disk: Path, name: str, path: str) -> Path:
    """Where this machine has the file system that a node sees at `path`: it outlives a power cut."""
    return disk / name / "small" / path.strip("/").replace("/", "-")


def _mounts(disk: Path) -> list[list[str]]:
    """Rows of kind, source, options, target; the order counts."""
    rows = [
        ["rbind", "/dev", "", "/dev"],
        ["devpts", "devpts", "newinstance,ptmxmode=0666,mode=620", "/dev/pts"],
        ["tmpfs", "shm", "", "/dev/shm"],
        ["proc", "proc", "", "/proc"],
        ["sysfs", "sysfs", "", "/sys"],
    ]
    hierarchies = cgroups.list_hierarchies()
    if hierarchies and hierarchies[0].path != cgroups.ROOT:
        rows.append(["tmpfs", "cgroup", "mode=755", str(cgroups.ROOT)])
    rows += [[tree.filesystem, "cgroup", tree.options, str(tree.path)] for tree in hierarchies]
    rows += [["tmpfs", "run", "mode=755", "/run"], ["tmpfs", "tmp", "mode=1777", "/tmp"]]
    # After /tmp: these may lie in it. An overlay shows nothing of other file systems mounted under its lower folder,
    # so the interpreter and the code under test are brought in by hand, and nodes cannot write to them.
    rows += [["bind", path, "ro", path] for path in code_folders()]
    rows.append(["bind", str(disk), "", str(disk)])
    return rows


def code_folders() -> list[str]:
    """The repository, and the folders of this interpreter that a node would not see: on a file system of their own."""
    root = Path("/").stat().st_dev
    prefixes = {Path(sys.prefix), Path(sys.base_prefix), *(Path(entry) for entry in sys.path if entry)}
    found = {path.resolve() for path in prefixes if path.is_dir()}
    foreign = {path for path in found if path.stat().st_dev != root or any(path.is_relative_to(at) for at in _HIDDEN)}
    folders = sorted({REPOSITORY, *foreign})
    return [str(path) for path in folders if not any(above in folders for above in path.parents)]


def _files(name: str, disk: Path, *, is_bare: bool, is_new: bool) -> dict[str, tuple[str, int]]:
    names = ",".join(f"{prefix}.{number}" for prefix in SEGMENTS.values() for number in range(1, MAX_NODES + 1))
    aliases = ",".join(f"node{number},node{number}-hb" for number in range(1, MAX_NODES + 1))
    login = login_files(disk / name / "keys") if is_bare else login_files(disk, f"{aliases},{names}")
    return {
        "/etc/hostname": (f"{name}\n", 0o644),
        "/etc/hosts": ((disk / "hosts").read_text(), 0o644),
        "/etc/machine-id": (f"{machine_id(name)}\n", 0o444),
        **(login if is_new or not is_bare else {}),
        "/run/boot_id": (f"{uuid.UUID(bytes=os.urandom(16), version=4)}\n", 0o444),
        "/run/sshd/.keep": ("", 0o644),
        "/run/lock/.keep": ("", 0o644),
    }


def machine_id(name: str) -> str:
    """The machine-id of a node, the same for the same name."""
    return uuid.uuid5(uuid.NAMESPACE_DNS, name).hex


def login_files(disk: Path, known: str = "", *variables: str) -> dict[str, tuple[str, int]]:
    """Files, with their modes, by which root of one node enters another.

    Args:
        disk: where the keys are, made by `make_keys`.
        known: names and addresses of all; without them the node knows nobody and lets nobody in, and its sshd is as
            strict as it comes.
        variables: `NAME=VALUE`, of whoever enters.
    """
    host_key = " ".join((disk / "hostkey.pub").read_text().split()[:2])
    private = 0o600
    sshd = _SSHD.format(
        path=" ".join([f"{TOOLS}:{environment()['PATH']}", *variables]), strict="no" if known else "yes"
    )
    return {
        "/etc/ssh/lab_hostkey": ((disk / "hostkey").read_text(), private),
        "/etc/ssh/lab_sshd": (sshd, 0o644),
        "/root/.ssh/id_ed25519": ((disk / "id").read_text(), private),
        "/root/.ssh/authorized_keys": ((disk / "id.pub").read_text() if known else "", private),
        # Nodes know each other. They do not know guests: to pin those is the business of what is tested.
        "/root/.ssh/known_hosts": (f"{known} {host_key}\n" if known else "", private),
        "/root/.ssh/config": ("", private),
        # bash reads .bashrc under sshd too; what a developer keeps in there is not part of the lab.
        "/root/.bashrc": ("", 0o644),
        "/root/.profile": ("", 0o644),
    }


def _network(number: int) -> list[list[str]]:
    """`eth0` (public) in the bridge `br0`, where guests are connected too; `eth1` is the heartbeat segment."""
    settings = ["net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"]
    return [
        ["sysctl", "-qw", *settings, "net.ipv4.conf.all.arp_notify=1"],
        ["ip", "link", "set", "lo", "up"],
        # Cards that a machine keeps: after a power cut its neighbours still know it.
        ["ip", "link", "add", "br0", "address", f"02:4f:53:56:43:{number:02x}", "type", "bridge", "forward_delay", "0"],
        ["ip", "link", "set", "eth0", "master", "br0", "up"],
        ["ip", "link", "set", "br0", "up"],
        ["ip", "address", "add", f"{SEGMENTS['pub']}.{number}/24", "dev", "br0"],
        ["ip", "link", "set", "eth1", "address", f"02:4f:53:56:48:{number:02x}"],
        ["ip", "link", "set", "eth1", "up"],
        ["ip", "address", "add", f"{SEGMENTS['hb']}.{number}/24", "dev", "eth1"],
    ]
