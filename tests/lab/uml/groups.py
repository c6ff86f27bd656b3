"""Volume groups in states that tests need, made in a node."""

from __future__ import annotations

from tests.lab.uml.node import KernelNode

# The pool is 8 MiB; twice that is written, and what finds no room fails at once instead of waiting for an operator.
_FULL = """
modprobe dm-thin-pool
vgcreate -q --addtag "$(hostname)" "$2" "$1"
lvcreate -q -y -L 8M --errorwhenfull y --thinpool pool "$2"
lvcreate -q -y -V 64M --thin "$2/pool" -n thin
dd if=/dev/zero of="/dev/$2/thin" bs=1M count=16 oflag=direct 2>/dev/null || true
"""


def full_thin_pool(node: KernelNode, disk: str, group: str) -> None:
    """Make a group on `disk` with a thin pool, `pool`, that is full, and an active volume in it, `thin`, of 64 MiB.

    Raises:
        subprocess.CalledProcessError: LVM refuses.
    """
    node.exec(["sh", "-e", "-c", _FULL, "full", disk, group], check=True)
