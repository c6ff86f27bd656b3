"""What can happen to nodes while they act: each fault can be made, and healed."""

from __future__ import annotations

import enum

from tests.lab.cluster.cluster import ROOT
from tests.lab.nodes import Node
from tests.lab.processes import NodeProcess

FILL = f"{ROOT}/fill"
PEER_SESSION = "peer --from"
"""What the command line of an agent that serves a peer has."""


class Fault(enum.Enum):
    """One thing that happens while an action runs; the driving node is the one on which it was begun."""

    POWER_OFF = "peer off"
    CUT = "cable cut"
    DEAF = "driver deaf"
    MUTE = "driver mute"
    SSH_FROZEN = "ssh frozen"
    DISK_FULL = "disk full"
    PEER_DISK_FULL = "peer disk full"
    KILL_DRIVER = "kill driver"
    KILL_PEER = "kill peer"

    @property
    def is_kill(self) -> bool:
        """Whether it is a `kill -9`."""
        return self in {Fault.KILL_DRIVER, Fault.KILL_PEER}


def inflict(fault: Fault, driver: Node, peer: Node, action: NodeProcess) -> None:
    """Make a fault happen.

    Args:
        fault: which.
        driver: the node on which the action was begun.
        peer: the other node that it acts on.
        action: the agent on the driving node.
    """
    match fault:
        case Fault.POWER_OFF:
            peer.off()
        case Fault.CUT:
            peer.cut()
        case Fault.DEAF:
            driver.lose(peer)
        case Fault.MUTE:
            peer.lose(driver)
        case Fault.SSH_FROZEN:
            peer.freeze_sshd()
        case Fault.DISK_FULL:
            fill(driver)
        case Fault.PEER_DISK_FULL:
            fill(peer)
        case Fault.KILL_DRIVER:
            action.kill()
        case Fault.KILL_PEER:
            kill_sessions(peer)


def heal(fault: Fault, driver: Node, peer: Node) -> None:
    """Undo a fault, as far as it can be undone: what died stays dead."""
    match fault:
        case Fault.POWER_OFF:
            peer.on()
        case Fault.CUT:
            peer.plug()
        case Fault.DEAF:
            driver.hear(peer)
        case Fault.MUTE:
            peer.hear(driver)
        case Fault.SSH_FROZEN:
            peer.thaw_sshd()
        case Fault.DISK_FULL:
            free(driver)
        case Fault.PEER_DISK_FULL:
            free(peer)


def fill(node: Node) -> None:
    """Leave no byte free on the file system of the agent's root."""
    done = node.exec(["dd", "if=/dev/zero", f"of={FILL}", "bs=64k"])
    assert "No space left" in done.stderr, done.stderr


def free(node: Node) -> None:
    """Undo `fill`."""
    node.exec(["rm", "-f", FILL], check=True)


def sessions(node: Node) -> list[str]:
    """Process ids, in a node, of the agents there that serve a peer."""
    return node.exec(["pgrep", "-f", PEER_SESSION]).stdout.split()


def kill_sessions(node: Node) -> None:
    """`kill -9` to every agent of a node that serves a peer; there must be one."""
    found = sessions(node)
    assert found, f"{node.name}: no session of a peer"
    node.exec(["kill", "-KILL", *found])
