"""multipathd in a node of the lab that has no udev: what udev would have told it is written to udev's own files."""

from __future__ import annotations

from tests.lab.uml.node import KernelNode

# Without a record there multipathd takes a disk for one that udev has not seen yet; without a WWN it leaves it alone.
_UDEV = """
mkdir -p /run/udev/data /etc/multipath
for disk in /sys/block/sd*; do
  read -r wwid <"$disk/device/wwid"
  read -r number <"$disk/dev"
  printf 'I:1\\nE:ID_SERIAL=3%s\\nE:ID_WWN=0x%s\\nE:ID_BUS=scsi\\nE:ID_TYPE=disk\\n' \\
    "${wwid#naa.}" "${wwid#naa.}" >"/run/udev/data/b$number"
done
modprobe -a dm-multipath dm-service-time
"""


def start(node: KernelNode, maps: int, setting: str = "reservation_key file") -> None:
    """Make maps `mpatha`, `mpathb`, … of the shared disks of `node`, with one more setting in `defaults`.

    Raises:
        subprocess.TimeoutExpired: there are not as many as `maps`.
    """
    node.write(
        "/etc/multipath.conf",
        f"defaults {{\n  find_multipaths no\n  user_friendly_names yes\n  polling_interval 1\n  {setting}\n}}\n",
    )
    node.sh(_UDEV)
    serve(node)
    node.sh(f'until [ "$(multipathd show maps format %n | grep -c "^mpath")" = {maps} ]; do sleep 0.1; done')
    node.sh("dmsetup mknodes")


def serve(node: KernelNode) -> None:
    """Start multipathd, which makes the maps anew that it can make; all paths are in use when this returns.

    It answers before that, and a map has one path of its two meanwhile.
    """
    node.sh("multipathd && until multipathd show daemon; do sleep 0.1; done")
    used = "multipathd show paths format '%d %t %T' | grep -c '^sd.* active *ready'"
    node.sh(f'set -- /sys/block/sd*; until [ "$({used})" = $# ]; do sleep 0.1; done')


def end(node: KernelNode) -> None:
    """Stop multipathd; the maps stay."""
    node.sh("multipathd shutdown && while multipathd show daemon; do sleep 0.1; done")


def lose_path(node: KernelNode, segment: str, disk: str) -> None:
    """Cut one of the paths, and return when the kernel has given it up."""
    node.cut(segment)
    node.sh(f"until grep -q offline /sys/block/{disk}/device/state; do sleep 0.2; done")


def return_path(node: KernelNode, segment: str, disk: str) -> None:
    """Plug it in again, and return when multipathd uses it."""
    node.heal(segment)
    node.sh(f"until multipathd show paths format '%d %t %T' | grep -q '^{disk} *active *ready'; do sleep 0.2; done")
