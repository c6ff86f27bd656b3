"""The disk of a simulated guest: a folder with its application launchers and its own few commands."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from pathlib import Path

from opensvc_testkit.executables.commands import INSIDE
from opensvc_testkit.installation import write_executables, write_script

LAUNCHERS = "svc/etc/init.d"
"""Where the agent of 2010 looks for launchers in a guest, without the leading slash."""
SIMULATED_TOOLS = ("ip", "ifconfig", "poweroff")
OTHER_NAMES = ("halt", "shutdown", "reboot", "init", "telinit")


def make_disk(cluster: Path, guest: str, hostname: str) -> Path:
    """Make the guest's folder with what every guest has; the folder."""
    disk = cluster / "guests" / guest
    (disk / LAUNCHERS).mkdir(parents=True, exist_ok=True)
    write_executables(disk / "bin", cluster, SIMULATED_TOOLS, prefix="guest-", platform=INSIDE)
    for name in OTHER_NAMES:
        write_script(disk / "bin" / name, '#!/bin/sh\nexec "${0%/*}/poweroff"\n')
    write_script(disk / "bin" / "hostname", f"#!/bin/sh\necho {shlex.quote(hostname)}\n")
    # There is one user in a simulated guest, so nothing changes hands.
    write_script(disk / "bin" / "chown", "#!/bin/sh\nexit 0\n")
    return disk


def launcher_text(
    application: str, statuses: Mapping[str, int], outputs: Mapping[str, str], hangs: Collection[str]
) -> str:
    """A launcher script: ``start``, ``stop`` and ``status`` of an application that is a file in the boot's folder.

    Args:
        application: its name; scripts of one application share it.
        statuses: exit status by word; a start that fails has started nothing.
        outputs: what it prints, by word.
        hangs: words at which it blocks until the guest loses power.
    """
    state = f'"$SIMULATED_BOOT"/{shlex.quote(f"application.{application}")}'
    usual = {"start": f"Starting {application}", "stop": f"Stopping {application}", "status": ""}
    effects = {"start": f": > {state}", "stop": f"rm -f {state}", "status": f"test -e {state} || exit 3"}
    cases = []
    for word, effect in effects.items():
        said = outputs.get(word, usual[word])
        lines = [f"printf '%s\\n' {shlex.quote(said)}"] if said else []
        if word in hangs:
            lines.append('while [ -e "$SIMULATED_BOOT/on" ]; do sleep 0.1; done; exit 1')
        lines.append(f"exit {statuses[word]}" if statuses.get(word) else effect)
        cases.append(f"{word})\n  " + "\n  ".join(lines) + "\n  ;;\n")
    return (
        f"#!/bin/sh\n# SIMULATED launcher of {application}\n"
        'case "$1" in\n'
        f"{''.join(cases)}"
        "*)\n  echo 'Usage: {start|stop|status}' >&2\n  exit 2\n  ;;\nesac\n"
    )
