"""Simulated ``mount`` and ``umount`` of Solaris: scripts that keep what is mounted in a file [R]."""

from __future__ import annotations

from pathlib import Path

ROOT = "rpool/ROOT/solaris - / zfs - no rw\n"
MOUNT = """#!/bin/sh
table='{table}'
if [ "$*" = -p ]; then cat "$table"; exit 0; fi
kind=ufs options=rw
while [ $# -gt 2 ]; do
    case $1 in
    -F) kind=$2 ;;
    -o) options=$2 ;;
    *) echo "mount: illegal option -- $1" >&2; exit 2 ;;
    esac
    shift 2
done
echo "mount $kind $options $1 $2" >>"$table.log"
case $1 in /dev/dsk/absent*) echo "mount: $1: No such device" >&2; exit 32 ;; esac
echo "$1 - $2 $kind - no $options" >>"$table"
"""
UMOUNT = """#!/bin/sh
table='{table}'
echo "umount $*" >>"$table.log"
grep " - $1 " "$table" >/dev/null || {{ echo "umount: warning: $1 not in mnttab" >&2; exit 1; }}
if [ -s "$table.busy" ]; then echo "umount: $1 busy" >&2; sed -i 1d "$table.busy"; exit 1; fi
grep -v " - $1 " "$table" >"$table.new"; mv "$table.new" "$table"
"""


def write_mounts(folder: Path, table: Path) -> None:
    """Put both into a folder; ``table`` is what is mounted, each line of ``table.busy`` an unmount that is refused."""
    table.write_text(ROOT)
    for name, text in (("mount", MOUNT), ("umount", UMOUNT)):
        (folder / name).write_text(text.format(table=table))
        (folder / name).chmod(0o755)
