"""A hypervisor of the lab: a node with a libvirtd of its own, without systemd, and the guests that tests define."""

from __future__ import annotations

import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from opensvc_testkit.boot_sector import write_boot_disk
from tests.lab import cpio
from tests.lab.domain_xml import Disk, GuestFiles, Kind, domain_xml
from tests.lab.linux_image import LAUNCHERS, LinuxImage, build
from tests.lab.nodes import Node
from tests.lab.processes import OutputWatch

URI = "qemu:///system"
VIRSH_SECONDS = 30.0
BOOT_SECONDS = 60.0
BATCH_SECONDS = 120.0
ASK_AGAIN = 0.05
"""Seconds between two questions."""
HOOK = "/etc/libvirt/hooks/qemu"

_LIBVIRTD_CONF = """\
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_rw_perms = "0700"
host_uuid = "{uuid}"
log_outputs = "3:file:/var/log/libvirtd.log"
"""

# No group limits, no labels, no mount namespaces for guests: the node has done that, and has no udev or virtlogd.
_QEMU_CONF = """\
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
migration_address = "0.0.0.0"
"""


def settings(node: str) -> dict[str, str]:
    """Files, by path, with which libvirtd runs in a node of the lab; its name makes the host's number."""
    conf = _LIBVIRTD_CONF.format(uuid=uuid.uuid5(uuid.NAMESPACE_URL, node))
    return {"/etc/libvirt/libvirtd.conf": conf, "/etc/libvirt/qemu.conf": _QEMU_CONF}


class Hypervisor:
    """libvirtd in a node, and its guests.

    Attributes:
        node: the node it runs in.
        files: a folder, at the same path in every node, with the guests' images and consoles.
        preload: a library that libvirtd is started with, if there is one.
    """

    def __init__(self, node: Node, shared: Path, key: str) -> None:
        """Take `node`; `shared` is the lab's shared folder, `key` the public ssh key that enters Linux guests."""
        self.node = node
        self.files = shared / f"guests-of-{node.name}"
        self.files.mkdir(exist_ok=True)
        self.preload: Path | None = None
        self._key = key
        self._image: LinuxImage | None = None
        self._host_keys: dict[str, cpio.Entry] = {}
        self._public_keys: dict[int, str] = {}
        for path, text in settings(node.name).items():
            node.write(path, text)
        # Debian's default network is started by the daemon, and would add a bridge, a resolver and firewall rules.
        node.exec(["find", "/etc/libvirt/qemu/networks/autostart", "-type", "l", "-delete"])

    # -- the daemon

    @property
    def pid(self) -> int | None:
        """The process id of libvirtd inside the node; None when it does not run."""
        text = self.node.exec(["cat", "/run/libvirtd.pid"]).stdout.strip()
        if not text or self.node.exec(["kill", "-0", text]).returncode:
            return None
        return int(text)

    def start(self) -> None:
        """Start libvirtd and wait until it serves; nothing happens when it runs.

        Raises:
            subprocess.CalledProcessError: it does not start.
        """
        if self.pid is None:
            env = {"LD_PRELOAD": str(self.preload)} if self.preload else {}
            self.node.exec(["env", *(f"{name}={value}" for name, value in env.items()), "libvirtd", "-d"], check=True)
            # The daemon listens before its drivers are ready and answers when they are: this call waits that long.
            self.virsh("uri", check=True)

    def stop(self) -> None:
        """End libvirtd as its service does (SIGTERM); guests keep running."""
        self._signal("-TERM", wait=True)

    def kill(self) -> None:
        """Kill libvirtd (SIGKILL); guests keep running."""
        self._signal("-KILL", wait=True)

    def freeze(self) -> None:
        """Stop libvirtd in its tracks (SIGSTOP): clients connect, and get no answer."""
        self._signal("-STOP", wait=False)

    def thaw(self) -> None:
        """Let a frozen libvirtd go on."""
        self._signal("-CONT", wait=False)

    def _signal(self, signal: str, *, wait: bool) -> None:
        pid = self.pid
        if pid is None:
            return
        self.node.exec(["kill", signal, str(pid)], check=True)
        if wait:
            self._wait_gone(pid)

    def _wait_gone(self, pid: int) -> None:
        self.node.exec(["tail", f"--pid={pid}", "--sleep-interval=0.02", "-f", "/dev/null"], check=True)

    def set_hook(self, script: str | None) -> None:
        """Install libvirt's hook for guests, or remove it (None); libvirtd looks for it only when it starts."""
        if script is None:
            self.node.exec(["rm", "-f", HOOK], check=True)
        else:
            self.node.write(HOOK, script, mode=0o755)
        self.stop()
        self.start()

    # -- guests

    def virsh(
        self, *argv: str, timeout: float = VIRSH_SECONDS, check: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run `virsh` in the node.

        Raises:
            subprocess.TimeoutExpired: it took longer than `timeout` seconds; it was killed.
            subprocess.CalledProcessError: with `check`, it failed.
        """
        return self.node.exec(["virsh", "-c", URI, *argv], timeout=timeout, check=check)

    def domain_xml(
        self,
        name: str,
        kind: Kind = Kind.BOOT,
        *,
        ip: str | None = None,
        disks: Sequence[Disk] = (),
        launchers: Mapping[str, str] | None = None,
        host_key: int = 1,
    ) -> str:
        """Make the files of a guest and return its definition.

        Args:
            name: name of the domain, and host name of a Linux guest.
            kind: what boots in it.
            ip: address of a Linux guest on the public segment, `10.77.0.101`.
            disks: further disks.
            launchers: scripts by name that a Linux guest has in `/svc/etc/init.d`; what is written there while it
                runs is gone when it stops.
            host_key: 1 or 2, which of its ssh host keys a Linux guest shows.
        """
        files = GuestFiles(self.console(name), self.files / f"{name}.img", self.files / f"{name}.initrd")
        image = None
        if kind.is_linux:
            image = self._linux_image()
            own = {f"{LAUNCHERS}/{key}": cpio.File(text.encode(), 0o755) for key, text in (launchers or {}).items()}
            image.write_initrd(files.initrd, {**self._keys(), **own}, with_agent=kind is Kind.AGENT)
        else:
            write_boot_disk(files.boot_disk, kind.ending)
        address = f"{ip}/24" if ip else None
        return domain_xml(name, kind, files, image, address=address, host_key=host_key, disks=disks)

    def define(self, name: str, xml: str) -> str:
        """Define a guest; returns the path, in every node, of the file with the definition."""
        path = self.files / f"{name}.xml"
        path.write_text(xml)
        self.virsh("define", str(path), check=True)
        return str(path)

    def add_many(self, names: Sequence[str], kind: Kind = Kind.BOOT) -> None:
        """Define many guests with one virsh process.

        Raises:
            RuntimeError: virsh complained.
        """
        for name in names:
            (self.files / f"{name}.xml").write_text(self.domain_xml(name, kind))
        self._batch([f"define {self.files}/{name}.xml" for name in names])

    def _batch(self, commands: Sequence[str], *, check: bool = True) -> None:
        done = self.node.exec(["virsh", "-q", "-c", URI], input="\n".join([*commands, ""]), timeout=BATCH_SECONDS)
        if check and (done.returncode or done.stderr.strip()):
            raise RuntimeError(f"virsh: {done.stderr[-1000:]}")

    def add(self, name: str, kind: Kind = Kind.BOOT, *, ip: str | None = None) -> str:
        """Define a guest of some kind; returns the path of the file with its definition."""
        return self.define(name, self.domain_xml(name, kind, ip=ip))

    def state(self, name: str) -> str:
        """What `virsh domstate` says: `running`, `shut off`, …; empty when it fails."""
        return self.virsh("domstate", name).stdout.strip()

    def host_key(self, number: int = 1) -> str:
        """The public ssh host key, in base64, that a Linux guest with `host_key=number` shows."""
        self._keys()
        return self._public_keys[number]

    def console(self, name: str) -> Path:
        """The file that receives what the guest writes to its first serial port."""
        return self.files / f"{name}.console"

    def wait_booted(self, name: str, timeout: float = BOOT_SECONDS) -> None:
        """Wait until the guest has written `BOOTED` on its console.

        Raises:
            TimeoutError: it has not within `timeout` seconds.
        """
        with OutputWatch(self.node.popen(["tail", "-n", "+1", "-F", str(self.console(name))])) as console:
            console.wait_for("BOOTED", timeout)

    def wait_state(self, name: str, state: str, timeout: float = VIRSH_SECONDS) -> None:
        """Wait until `virsh domstate` says `state`.

        By asking again: `virsh event` does not tell when it has begun to listen, so an event could be missed.

        Raises:
            TimeoutError: it does not within `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        while (now := self.state(name)) != state:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} is {now!r}, not {state!r}, after {timeout} s")
            time.sleep(ASK_AGAIN)

    def ssh(self, address: str, *argv: str, timeout: float = 20.0) -> subprocess.CompletedProcess[str]:
        """Run a command in a Linux guest, over ssh from the node, trusting whatever host key it shows."""
        options = ["BatchMode=yes", "ConnectTimeout=5", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"]
        words = [word for option in options for word in ("-o", option)]
        return self.node.exec(["ssh", "-q", *words, f"root@{address}", *argv], timeout=timeout)

    def qemu_pid(self, name: str) -> int:
        """Process id, inside the node, of the QEMU that runs the guest.

        Raises:
            subprocess.CalledProcessError: it does not run.
        """
        return int(self.node.exec(["cat", f"/run/libvirt/qemu/{name}.pid"], check=True).stdout)

    def signal_guest(self, name: str, signal: str) -> None:
        """Send `STOP`, `CONT` or `KILL` to the QEMU of a guest."""
        self.node.exec(["kill", f"-{signal}", str(self.qemu_pid(name))], check=True)

    def clear(self) -> None:
        """Leave no guest, no hook and a libvirtd that serves, whatever a test has done to them."""
        self.node.on()
        self.node.plug()
        self.thaw()
        self._kill_guests()
        if self.node.exec(["test", "-e", HOOK]).returncode == 0:
            self.node.exec(["rm", "-f", HOOK], check=True)
            self._kill_with_hooks()
        self.start()
        # A guest whose QEMU was killed may still count as running here, and be gone when its turn comes.
        active = self.virsh("list", "--name", check=True).stdout.split()
        self._batch([f"destroy {name}" for name in active], check=False)
        defined = self.virsh("list", "--all", "--name", check=True).stdout.split()
        self._batch([f"undefine {name} --managed-save --snapshots-metadata --nvram" for name in defined])
        # The next guest may have an address of the last one's, and another card.
        self.node.exec(["ip", "neighbour", "flush", "all"])
        for path in self.files.iterdir():
            if not path.name.startswith("hostkey"):
                path.unlink()

    def _kill_guests(self) -> None:
        """SIGKILL: libvirt would ask each QEMU to end and wait seconds for one that was stopped."""
        # The files end without a newline, which grep adds; driver.pid is libvirtd's own.
        where = ["/run/libvirt/qemu", "--include=*.pid", "--exclude=driver.pid"]
        pids = self.node.exec(["grep", "-rhs", ".", *where]).stdout
        for pid in pids.split():
            self.node.exec(["kill", "-KILL", pid])

    def _kill_with_hooks(self) -> None:
        """Kill libvirtd with the hooks that it runs, which are of its process group; guests are not."""
        pid = self.pid
        if pid is not None:
            group = self.node.exec(["ps", "-o", "pgid=", "-p", str(pid)], check=True).stdout.strip()
            self.node.exec(["kill", "-KILL", "--", f"-{group}"], check=True)
            self._wait_gone(pid)

    def _linux_image(self) -> LinuxImage:
        if self._image is None:
            self._image = build()
        return self._image

    def _keys(self) -> dict[str, cpio.Entry]:
        if not self._host_keys:
            for number in (1, 2):
                path = self.files / f"hostkey{number}"
                line = ["dropbearkey", "-t", "ed25519", "-f", str(path)]
                made = subprocess.run(line, check=True, capture_output=True, text=True, timeout=20)
                (public,) = [text for text in made.stdout.splitlines() if text.startswith("ssh-ed25519 ")]
                self._public_keys[number] = public.split()[1]
                self._host_keys[f"/etc/dropbear/hostkey{number}"] = cpio.File(path.read_bytes(), 0o600)
            self._host_keys["/root/.ssh"] = cpio.Folder(0o700)
            self._host_keys["/root"] = cpio.Folder(0o700)
            self._host_keys["/root/.ssh/authorized_keys"] = cpio.File(self._key.encode(), 0o600)
        return self._host_keys
