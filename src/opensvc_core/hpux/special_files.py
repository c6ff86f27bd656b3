"""Special files that a service names and another node may lack: kept with their WWIDs, made again by ``mksf``.

The file is that of 2010, ``var/vg_SERVICE_GROUP.mksf``: a line ``SPECIAL_FILE:WWID`` for each disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from opensvc_core.errors import ActionError
from opensvc_core.hpux.luns import raw_file, read_luns, read_wwid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from opensvc_core.context import Context


@frozen
class SpecialFile:
    """A special file that must lead to one certain disk.

    Attributes:
        path: character special file, ``/dev/rdisk/disk18``.
        wwid: of the disk.
    """

    path: str
    wwid: str


def parse_special_files(text: str) -> tuple[SpecialFile, ...]:
    """Read a ``.mksf`` file. Raises ValueError for a line that is none, or a cut one."""
    if text and not text.endswith("\n"):
        message = "its last line is cut"
        raise ValueError(message)
    files = []
    for line in text.splitlines():
        path, colon, wwid = line.strip().partition(":")
        if not (path or colon):
            continue
        digits = wwid.lower().removeprefix("0x")
        if not path.startswith("/dev/") or not digits or set(digits) - set("0123456789abcdef"):
            message = f"not a line SPECIAL_FILE:WWID: {line[:120]!r}"
            raise ValueError(message)
        files.append(SpecialFile(path, f"0x{digits}"))
    return tuple(files)


def format_special_files(files: Sequence[SpecialFile]) -> str:
    """A ``.mksf`` file."""
    return "".join(f"{each.path}:{each.wwid}\n" for each in files)


def load_special_files(path: Path) -> tuple[SpecialFile, ...]:
    """What a ``.mksf`` file says; nothing where there is none.

    Raises:
        ActionError: it cannot be read: another node's disk could be taken for ours.
    """
    try:
        return parse_special_files(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise ActionError(
            f"{path} cannot be used: {error}",
            code="special_files_unreadable",
            hint="write it anew where the disks are in use (osvc diskupdate), and bring it here",
        ) from error


def identify_special_files(paths: Sequence[str], context: Context) -> tuple[SpecialFile, ...]:
    """Special files of disks with their WWIDs.

    Raises:
        ActionError: a disk says no WWID, or that cannot be told.
    """
    known = {lun.device_file: lun.wwid for lun in read_luns(context) if lun.wwid}
    files = []
    for path in dict.fromkeys(raw_file(each) for each in paths):
        wwid = known.get(path) or read_wwid(path, context)
        if not wwid:
            raise ActionError(f"{path} says no WWID: no other node could find it", code="wwid_unknown")
        files.append(SpecialFile(path, wwid))
    return tuple(files)


def restore_special_files(files: Sequence[SpecialFile], context: Context) -> tuple[str, ...]:
    """Make the special files that are missing on this node; those that were made.

    Raises:
        ActionError: one leads to another disk, which nothing here changes; its disk is not seen by this node; or the
            new one does not lead to it.
    """
    if not files:
        return ()
    luns = read_luns(context)
    known = {lun.device_file: lun.wwid for lun in luns if lun.wwid}
    by_wwid = {lun.wwid: lun for lun in luns if lun.wwid}
    made = []
    for each in files:
        found = known.get(each.path) or read_wwid(each.path, context)
        if found == each.wwid:
            continue
        if found:
            raise ActionError(
                f"{each.path} leads to the disk {found} on this node, and the service means {each.wwid}",
                code="wrong_disk",
                hint=f"give that special file another name (mksf, rmsf), then start again; see scsimgr lun_map -D "
                f"{each.path}",
            )
        lun = by_wwid.get(each.wwid)
        if lun is None or lun.instance is None:
            raise ActionError(
                f"this node does not see the disk {each.wwid}, which the service knows as {each.path}",
                code="disk_missing",
                hint="present it to this node, then: ioscan -fnC disk; insf -e",
            )
        # The form that shipped scripts use: a named character special file of a disk, by its instance.
        result = context.run("mksf", "-r", "-C", "disk", "-I", str(lun.instance), each.path)
        if result.is_made and read_wwid(each.path, context, after=result) != each.wwid:
            raise ActionError(
                f"mksf ended well, and {each.path} does not lead to {each.wwid}", code="special_file_not_made"
            )
        made.append(each.path)
    return tuple(made)
