"""The cables of nodes with kernels of their own: segments for peers, for storage and for the lab itself."""

from __future__ import annotations

from types import MappingProxyType

from tests.lab.network import Switch

PUBLIC = "pub"
STORAGE = ("san1", "san2")
"""The segments of storage: a node has as many of them as paths to its disks."""
CONTROL = "ctl"
"""The segment through which the lab reaches nodes; it is never cut."""

SEGMENTS = MappingProxyType({PUBLIC: "10.77.0", "san1": "10.79.0", "san2": "10.80.0", CONTROL: "10.81.0"})
"""Name of a segment, first three numbers of its addresses."""


class Fabric(Switch):
    """A bridge a segment in a network namespace with no way out. A node's cable is a tap, `<node>-<segment>`."""

    def __init__(self) -> None:
        """Make the switches; they end with this process."""
        super().__init__(SEGMENTS)
        self._run("ip", "link", "set", "lo", "up")  # through it the switch reaches its own addresses

    def add_taps(self, node: str, segments: tuple[str, ...]) -> None:
        """Make the cables of `node` and plug them in; those that are there stay."""
        for segment in segments:
            tap = f"{node}-{segment}"
            self._run("ip", "tuntap", "add", tap, "mode", "tap", check=False)
            self._run("ip", "link", "set", tap, "master", segment, "up")

    def set_port(self, node: str, segment: str | None, *, up: bool) -> None:
        """Plug (`up`) or cut the cable of `node` in one segment, or in all (None) but the lab's own.

        At the bridge: a tap that is set down makes User-Mode Linux lose its device for good.
        """
        for name in (PUBLIC, *STORAGE) if segment is None else [segment]:
            where = ["master", name] if up else ["nomaster"]
            self._run("ip", "link", "set", f"{node}-{name}", *where, check=segment is not None)
