"""The disk of a simulated Solaris guest, a zone's root or a logical domain's disk: a folder with its own commands."""

from __future__ import annotations

from pathlib import Path

from opensvc_testkit.executables.commands import INSIDE
from opensvc_testkit.installation import executable_text, write_script

TOOLS = {"init": "guest-init", "svcs": "guest-svcs", "zonename": "guest-zonename", "ifconfig": "guest-solaris-ifconfig"}
"""Command of the guest, and the simulator behind it."""
UNAME = """#!/bin/sh
case "$*" in
""|-s) echo SunOS ;;
-n) exec "${0%/*}/hostname" ;;
-r) echo 5.11 ;;
*) echo "SunOS $("${0%/*}/hostname") 5.11 11.4 sun4v sparc sun4v" ;;
esac
"""


def make_solaris(disk: Path, cluster: Path) -> None:
    """Turn a guest's folder into a Solaris: its ``init`` has levels, and it has ``svcs``.

    That it has no ``ip`` is a property of the guest (``iproute``): without a file of that name, this machine's would
    run.
    """
    for name, simulator in TOOLS.items():
        write_script(disk / "bin" / name, executable_text(simulator, cluster, platform=INSIDE))
    write_script(disk / "bin" / "uname", UNAME)
