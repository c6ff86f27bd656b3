"""A guest that is simulated on a node with real shared disks: libvirt does not run in such nodes in reasonable time."""

from __future__ import annotations

import sys

import attrs

from opensvc_testkit.definitions import domain_xml
from tests.lab.uml.node import KernelNode

_FOLDER = "/srv/simulated"
_COMMANDS = "/srv/simulated-commands"
_PRELUDE = f"""\
from pathlib import Path
from opensvc_testkit.simulated import FaultKind, Libvirtd, SimulatedCluster
cluster = SimulatedCluster(Path({_FOLDER!r}))
"""


@attrs.frozen
class SimulatedGuest:
    """A guest of a simulated libvirt whose only disks are real ones; all of it lies on the node's own disk.

    Attributes:
        node: where it is.
        name: of the guest.
        definition: file with its definition.
    """

    node: KernelNode
    name: str
    definition: str

    @classmethod
    def make(cls, node: KernelNode, name: str, *disks: str) -> SimulatedGuest:
        """Give `node` the simulated `virsh`, and a guest whose disks are these device files."""
        guest = cls(node, name, f"/srv/{name}.xml")
        text = domain_xml(name, disks=disks)
        # The image file that the testkit gives every guest: no SCSI disk, so nothing that could be reserved.
        begin, end = text.index("    <disk type='file'"), text.index("</disk>\n") + len("</disk>\n")
        node.write(guest.definition, text[:begin] + text[end:])
        guest.tell(
            f"cluster.install(Path({_COMMANDS!r}), commands=('virsh',), node={node.name!r})",
            f"cluster.define_node({node.name!r})",
            f"cluster.define_guest({name!r})",
        )
        return guest

    @property
    def environment(self) -> dict[str, str]:
        """What puts the simulated `virsh` first on the agent's `PATH`."""
        system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return {"PATH": f"{_COMMANDS}:{system}"}

    def tell(self, *lines: str) -> str:
        """Run lines of Python in the node, where `cluster` is the simulated cluster; what they print."""
        script = _PRELUDE + "\n".join(lines)
        return self.node.exec([sys.executable, "-c", script], check=True).stdout

    @property
    def state(self) -> str:
        """In virsh's words, `running (booted)`."""
        return self.tell(f"print(cluster.state_of({self.node.name!r}, {self.name!r}))").strip()
