"""`fs.mount` over simulated `mount` and `umount` and a table of mounts in a file."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from opensvc_testkit.conformance import DriverContract, ScriptedPlatform

pytestmark = pytest.mark.simulated

TABLE = "1 0 254:0 / / rw - ext4 /dev/vda rw\n2 1 0:21 / /proc rw - proc proc rw\n"
CAT = """#!/bin/sh
case $1 in /proc/self/mountinfo) exec /bin/cat "$STATE/table" ;; *) exec /bin/cat "$@" ;; esac
"""
# /dev/mapper/vg-0 is 253:0, and so on; all else is really looked at.
STAT = """#!/bin/sh
format=$3; shift 3; rc=0
for path; do case $path in
/dev/mapper/vg-[0-9]) echo "fd:${path##*-}:block special file:$path" ;;
*) /usr/bin/stat -L -c "$format" "$path" || rc=1 ;;
esac; done
exit $rc
"""
MOUNT = """#!/bin/sh
for word; do device=$point point=$word; done
echo "9${device##*-} 1 253:${device##*-} / $point rw,relatime - ext4 $device rw" >>"$STATE/table"
"""
UMOUNT = """#!/bin/sh
grep -v " $1 " "$STATE/table" >"$STATE/new"; mv "$STATE/new" "$STATE/table"
"""


class Mounts(ScriptedPlatform):
    """Devices that are there, mount points that are there, nothing mounted."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (self.files / "table").write_text(TABLE)
        for name, script in (("cat", CAT), ("stat", STAT), ("mount", MOUNT), ("umount", UMOUNT)):
            self.write_tool(name, script)

    def options(self, number: int) -> dict[str, str]:
        point = self.folder / f"mnt{number}"
        point.mkdir(exist_ok=True)
        return {"dev": f"/dev/mapper/vg-{number}", "mnt": str(point), "fsck": "never", "stop_timeout": "5s"}

    def unknown(self) -> dict[str, str]:
        return {"dev": "/dev/mapper/nosuch", "mnt": "/nowhere/at/all"}


class TestMount(DriverContract):
    driver = "fs.mount"
    lines_stand_alone: ClassVar = {"cat": "the kernel's table of mounts has no last line of its own"}

    @pytest.fixture
    def platform(self, tmp_path: Path) -> Mounts:
        return Mounts(tmp_path)
