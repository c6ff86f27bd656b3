"""A stand-in for a guest that can move: simulated libvirts on nodes with real shared disks, one world a node.

`virsh migrate` of one node speaks to the other's `libvirtd` through the channel of the migration, as the real ones do.
The worlds lie in memory, and are gone with a node's power as the guests in it are.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import attrs

from opensvc_testkit.definitions import domain_xml
from tests.lab.domain_xml import GuestFiles, Kind
from tests.lab.domain_xml import domain_xml as guest_xml
from tests.lab.libvirt import settings
from tests.lab.specification import TOOLS, environment
from tests.lab.uml.node import KernelNode
from tests.lab.uml.site import Site

WORLD = "/run/simulated"
PID = "/run/simulated-libvirtd.pid"
CONSOLE = Path("/srv/console")
"""What the real guest writes on a node."""
REAL_SECONDS = 120.0
_SETUP = """\
import sys
from pathlib import Path
from opensvc_testkit.simulated import SimulatedCluster
world, tools, node, guest = sys.argv[1:]
cluster = SimulatedCluster(Path(world))
cluster.install(Path(tools), commands=("virsh", "libvirtd"), node=node)
cluster.define_node(node)
cluster.add_guest(guest, boot_time=0, shutdown_time=0)
"""


@attrs.frozen
class MovingGuest:
    """A guest whose only disk is a shared one.

    Attributes:
        site: the nodes.
        name: of the guest.
        device: its disk.
    """

    site: Site
    name: str
    device: str

    @property
    def definition(self) -> str:
        """File with its definition on every node."""
        return f"/srv/{self.name}.xml"

    def give(self, node: KernelNode) -> None:
        """Give a node that was switched on its libvirt, which knows no guest."""
        text = domain_xml(self.name, disks=[self.device])
        # The image file that the testkit gives every guest would not be shared.
        begin, end = text.index("    <disk type='file'"), text.index("</disk>\n") + len("</disk>\n")
        node.write(self.definition, text[:begin] + text[end:])
        node.exec([sys.executable, "-c", _SETUP, WORLD, TOOLS, node.name, self.name], check=True)
        node.exec([f"{TOOLS}/libvirtd", "-d", "-p", PID], check=True)

    def give_real(self, node: KernelNode) -> None:
        """Put the real libvirt in the place of the simulated one, and a guest of one boot sector in its."""
        node.sh(f"kill $(cat {PID}); rm {TOOLS}/virsh {TOOLS}/libvirtd /run/libvirt/libvirt-sock")
        node.write(self.definition, self._real_definition())
        for path, text in settings(node.name).items():
            node.write(path, text)
        node.sh("find /etc/libvirt/qemu/networks/autostart -type l -delete; libvirtd -d")
        # It listens before it is ready, and answers when it is. What its QEMU can do it finds out now, and not later.
        node.sh("virsh -c qemu:///system uri; virsh domcapabilities --virttype qemu", timeout=REAL_SECONDS)

    def _real_definition(self) -> str:
        """Its one disk is the shared one, past every cache, as a migration needs it."""
        text = guest_xml(self.name, Kind.BOOT, GuestFiles(CONSOLE, Path(self.device), CONSOLE))
        for old, new in (
            ('<disk type="file"', '<disk type="block"'),
            ('type="raw"/><source file=', 'type="raw" cache="none"/><source dev='),
        ):
            assert old in text
            text = text.replace(old, new)
        return text

    def change(self, node: KernelNode, **changes: object) -> None:
        """Change how it behaves on a node; see `SimulatedCluster.change_guest`."""
        lines = (
            "from pathlib import Path; from opensvc_testkit.simulated import SimulatedCluster;"
            f"SimulatedCluster(Path({WORLD!r})).change_guest({self.name!r}, **{changes!r})"
        )
        node.exec([sys.executable, "-c", lines], check=True)

    def virsh(self, node: KernelNode, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `virsh WORDS` in a node, the simulated one if it has it."""
        return node.exec(["env", "virsh", *words], env=operator_environment())

    def state(self, node: KernelNode) -> str:
        """In virsh's words, `running (booted)`; empty where it is unknown, or the node has no power."""
        return self.virsh(node, "domstate", "--reason", self.name).stdout.strip() if node.is_on else ""

    def running(self) -> list[str]:
        """Nodes on which it runs, as their libvirts say."""
        return [node.name for node in self.site.lab.nodes if self.state(node).startswith("running")]

    def wait_state(self, node: KernelNode, word: str) -> None:
        """Wait until its state begins with a word. Raises TimeoutExpired."""
        script = 'until virsh domstate "$1" 2>/dev/null | grep -q "^$2"; do sleep 0.1; done'
        node.exec(["sh", "-c", script, "wait", self.name, word], env=operator_environment(), check=True)


def operator_environment() -> dict[str, str]:
    """What puts the simulated `virsh` first on an operator's `PATH`, as it is on that of whoever comes by ssh."""
    return {"PATH": f"{TOOLS}:{environment()['PATH']}"}
