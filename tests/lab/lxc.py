"""LXC of the lab: containers in a node, made of this machine's own programs, without any download.

A container has its own `/etc`, `/var` and `/root`; `/usr` is the node's, read-only. Its first process runs the scripts
in `/etc/rc.d`, and ends when it is told to stop (`lxc-stop` sends SIGPWR), unless it is one that does not listen.
"""

from __future__ import annotations

import subprocess
import time

from tests.lab.nodes import Node

LXC_SECONDS = 30.0
ASK_AGAIN = 0.05
"""Seconds between two questions."""
PATH = "/var/lib/lxc"
LAUNCHERS = "svc/etc/init.d"
"""Where the agent of 2010 looks for launchers in a guest, without the leading slash."""

_INIT = """\
#!/bin/bash
# The container's first process. SIGPWR: lxc-stop; SIGINT: lxc-stop -r.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
stop() { for script in $(ls -r /etc/rc.d); do /etc/rc.d/$script stop </dev/null; done; exit 0; }
trap 'IGNORE' PWR INT
test -x /usr/sbin/sshd -a -f /etc/ssh/sshd_config && mkdir -p /run/sshd && /usr/sbin/sshd -f /etc/ssh/sshd_config
for script in $(ls /etc/rc.d); do /etc/rc.d/$script start </dev/null; done
echo booted > /run/booted
while :; do sleep infinity & wait $!; done
"""
_CONFIG = """\
lxc.uts.name = {name}
lxc.rootfs.path = dir:{path}/{name}/rootfs
lxc.init.cmd = /etc/init
lxc.mount.auto = proc:mixed sys:ro cgroup:mixed
lxc.mount.entry = /usr usr none ro,bind 0 0
lxc.mount.entry = tmpfs run tmpfs mode=755 0 0
lxc.mount.entry = tmpfs tmp tmpfs mode=1777 0 0
lxc.autodev = 1
lxc.pty.max = 64
lxc.tty.max = 0
lxc.signal.halt = SIGPWR
lxc.signal.reboot = SIGINT
lxc.apparmor.profile = unconfined
"""
_NETWORK = """\
lxc.net.0.type = veth
lxc.net.0.link = br0
lxc.net.0.name = eth0
lxc.net.0.flags = up
lxc.net.0.ipv4.address = {address}/24
"""
_NO_NETWORK = "lxc.net.0.type = empty\n"


class Containers:
    """LXC in a node of the lab.

    Attributes:
        node: the node.
    """

    def __init__(self, node: Node) -> None:
        self.node = node

    def define(self, name: str, *, path: str = PATH, address: str = "", listens: bool = True, more: str = "") -> str:
        """Make a container that is not running; the path of its configuration in the node.

        Args:
            name: of the container.
            path: the folder of containers.
            address: on `br0`, empty for no network.
            listens: whether its first process obeys a soft stop.
            more: further lines of its configuration.
        """
        rootfs = f"{path}/{name}/rootfs"
        folders = " ".join(
            f"{rootfs}/{folder}"
            for folder in ("usr etc/rc.d etc/ssh var/log run root dev proc sys tmp home srv", LAUNCHERS)
            for folder in folder.split()
        )
        script = (
            f"mkdir -p {folders}; for link in bin sbin lib lib64; do ln -sfn usr/$link {rootfs}/$link; done;"
            f" cp /etc/passwd /etc/group /etc/nsswitch.conf /etc/ld.so.cache {rootfs}/etc/;"
            f" cp -a /etc/alternatives {rootfs}/etc/; echo {name} > {rootfs}/etc/hostname"
        )
        self.node.exec(["sh", "-ec", script], check=True)
        self.node.write(f"{rootfs}/etc/init", _INIT.replace("IGNORE", "stop" if listens else ":"), mode=0o755)
        network = _NETWORK.format(address=address) if address else _NO_NETWORK
        config = f"{path}/{name}/config"
        self.node.write(config, _CONFIG.format(name=name, path=path) + network + more)
        return config

    def write(self, name: str, file: str, text: str, *, path: str = PATH, mode: int = 0o755) -> None:
        """Write a file of a container; `file` begins with a slash."""
        self.node.write(f"{path}/{name}/rootfs{file}", text, mode=mode)

    def run(self, command: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one of LXC's commands in the node, with messages in English."""
        return self.node.exec([command, *words], env={"LC_ALL": "C"}, timeout=LXC_SECONDS)

    def wait_booted(self, name: str, *, path: str = PATH) -> None:
        """Wait until its first process has started everything and listens. Raises TimeoutError."""
        # Asked again inside it: each way in costs more than what it finds there.
        until = ["timeout", "5", "sh", "-c", "until test -e /run/booted; do sleep 0.02; done"]
        self._wait(["lxc-attach", "-P", path, "-n", name, "--", *until], f"{name} does not boot")

    def wait_stopped(self, name: str, *, path: str = PATH) -> None:
        """Wait until it is stopped. Raises TimeoutError."""
        self._wait(["lxc-wait", "-P", path, "-n", name, "-s", "STOPPED", "-t", "10"], f"{name} does not stop")

    def _wait(self, argv: list[str], trouble: str) -> None:
        limit = time.monotonic() + LXC_SECONDS
        while self.node.exec(argv).returncode:
            if time.monotonic() > limit:
                raise TimeoutError(trouble)
            time.sleep(ASK_AGAIN)

    def clear(self, *paths: str) -> None:
        """Kill and forget all containers in these folders, and in the usual one."""
        for path in (PATH, *paths):
            script = (
                f"for name in $(lxc-ls -P {path} -1 --running); do lxc-stop -P {path} -k -n $name; done;"
                f" rm -rf --one-file-system {path}/*"
            )
            self.node.exec(["sh", "-c", script], timeout=120.0)
