"""OpenSVC as others have it: installed from wheels in an environment of its own, called by its command."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from attrs import frozen

from tests.wheels.distributions import ROOT, Environment

EXAMPLE = ROOT / "examples" / "opensvc-disk-loop"
OBSERVER = ROOT / "examples" / "opensvc-observer-jsonlines"
OSVC_SECONDS = 60

LOSETUP = """#!/bin/sh
# simulated losetup: each device is a file of this folder that holds the path of the file it is attached to
state=$(dirname "$0")/devices
case $1 in
--json)
    if [ -e "$state/garbage" ]; then cat "$state/garbage"; exit; fi
    printf '{"loopdevices": ['
    separator=
    for device in "$state"/loop*; do
        [ -e "$device" ] || continue
        printf '%s{"name": "/dev/%s", "back-file": "%s"}' "$separator" "${device##*/}" "$(cat "$device")"
        separator=,
    done
    echo ']}' ;;
--find)
    # As the kernel does: of two that ask at once, each gets a device of its own.
    number=0
    printf %s "$2" >"$state/.new.$$"
    until ln "$state/.new.$$" "$state/loop$number" 2>/dev/null; do number=$((number + 1)); done
    rm "$state/.new.$$" ;;
--detach)
    shift
    for device; do rm "$state/${device##*/}"; done ;;
*)
    echo "simulated losetup: $1?" >&2
    exit 2 ;;
esac
"""


@frozen
class Installed:
    """One node: an environment with OpenSVC, a root folder, and what stands on `PATH` before the system's commands."""

    environment: Environment
    folder: Path

    @property
    def commands(self) -> Path:
        """The folder for simulated commands."""
        return self.folder / "bin"

    @property
    def devices(self) -> Path:
        """The state of the simulated `losetup`."""
        return self.commands / "devices"

    def simulate_losetup(self) -> None:
        """Put the simulated `losetup` before the real one."""
        self.devices.mkdir(parents=True)
        program = self.commands / "losetup"
        program.write_text(LOSETUP)
        program.chmod(0o755)

    def write_service(self, name: str, text: str) -> None:
        """Write `etc/<name>.env`."""
        path = self.folder / "root" / "etc" / f"{name}.env"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def osvc(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What `osvc WORDS` of that environment prints, and its exit status.

        Raises:
            subprocess.TimeoutExpired: it took longer than a minute.
        """
        path = os.pathsep.join([str(self.commands), str(self.environment.folder / "bin"), os.defpath])
        return subprocess.run(
            [self.environment.folder / "bin" / "osvc", *words],
            cwd=self.folder,
            env={
                "PATH": path,
                "HOME": str(self.folder),
                "LC_ALL": "C.UTF-8",
                "OSVC_ROOT": str(self.folder / "root"),
                "OSVC_NODE": "node1",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=OSVC_SECONDS,
            check=False,
        )
