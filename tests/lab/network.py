"""The switches of a lab: two Ethernet segments in a network namespace with no way out."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from types import MappingProxyType

from tests.lab import processes

SEGMENTS = MappingProxyType({"pub": "10.77.0", "hb": "10.78.0"})
"""Name of a segment, first three numbers of its addresses: `pub` for guests and services, `hb` for heartbeats."""

SWITCH_NUMBER = 254
"""Last number of the addresses at which the switches themselves answer."""


class Switch:
    """One bridge a segment. A node's cable ends in the port `<node>-<segment>`."""

    def __init__(self, segments: Mapping[str, str] = SEGMENTS) -> None:
        """Make a bridge for each of `segments`: name, first three numbers of its addresses."""
        # `cat` ends when this process does, however it ends, and the namespace with it.
        self._process = subprocess.Popen(
            ["unshare", "-n", "/bin/sh", "-c", "echo up; exec cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "up\n":
            raise RuntimeError("this machine lets no network namespace be made")
        self._run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
        for segment, prefix in segments.items():
            self._run("ip", "link", "add", segment, "type", "bridge", "forward_delay", "0")
            self._run("ip", "address", "add", f"{prefix}.{SWITCH_NUMBER}/24", "dev", segment)
            self._run("ip", "link", "set", segment, "up")

    @property
    def pid(self) -> int:
        """The process that holds the switches' network namespace."""
        return self._process.pid

    def connect(self, node: str, pid: int) -> None:
        """Lay the cables of `node`, whose network namespace is that of `pid`: `eth0` is `pub`, `eth1` is `hb`."""
        for index, segment in enumerate(SEGMENTS):
            port = f"{node}-{segment}"
            peer = ["peer", "name", f"eth{index}", "netns", str(pid)]
            self._run("ip", "link", "add", port, "type", "veth", *peer)
            self._run("ip", "link", "set", port, "master", segment, "up")

    def disconnect(self, node: str) -> None:
        """Remove the cables of `node`: the kernel takes its time to do so for a namespace that died."""
        for segment in SEGMENTS:
            self._run("ip", "link", "del", f"{node}-{segment}", check=False)

    def set_port(self, node: str, segment: str | None, *, up: bool) -> None:
        """Plug (`up`) or cut the cable of `node` in one segment, or in all (None)."""
        for name in SEGMENTS if segment is None else [segment]:
            self._run("ip", "link", "set", f"{node}-{name}", "up" if up else "down")

    def close(self) -> None:
        """Remove the switches."""
        self._process.kill()
        self._process.communicate()

    def _run(self, *argv: str, check: bool = True) -> None:
        line = [processes.tool("nsenter"), "-t", str(self.pid), "-n", processes.tool(argv[0]), *argv[1:]]
        done = subprocess.run(line, capture_output=True, text=True, timeout=10, check=False)
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip()}")
