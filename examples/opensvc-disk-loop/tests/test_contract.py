"""The contract of drivers, on a simulated `losetup`."""

from pathlib import Path

import pytest
from opensvc_testkit.conformance import DriverContract, ScriptedPlatform

LOSETUP = """#!/bin/sh
# simulated losetup: each device is a file of $STATE that holds the path of the file it is attached to
case $1 in
--json)
    printf '{"loopdevices": ['
    separator=
    for device in "$STATE"/loop*; do
        [ -e "$device" ] || continue
        read -r file <"$device"
        printf '%s{"name": "/dev/%s", "back-file": "%s"}' "$separator" "${device##*/}" "$file"
        separator=,
    done
    echo ']}' ;;
--find)
    number=0
    while [ -e "$STATE/loop$number" ]; do number=$((number + 1)); done
    echo "$2" >"$STATE/loop$number" ;;
--detach)
    shift
    for device; do rm "$STATE/${device##*/}"; done ;;
esac
"""


class Losetup(ScriptedPlatform):
    """Files that are not attached, and a simulated losetup that attaches them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.write_tool("losetup", LOSETUP)

    def options(self, number: int) -> dict[str, str]:
        return {"file": f"/srv/{number}.img"}

    def unknown(self) -> dict[str, str]:
        return {"file": "/srv/nosuch.img"}


class TestContract(DriverContract):
    driver = "disk.loop"

    @pytest.fixture
    def platform(self, tmp_path: Path) -> Losetup:
        return Losetup(tmp_path)
