"""The disks of a service's ``[vmdg]`` as peers need them: who may share them, and which special files they have."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from opensvc_core.api import (
    ActionError,
    Context,
    Resource,
    format_special_files,
    identify_special_files,
    load_special_files,
    restore_special_files,
    write_text,
)
from opensvc_drivers_hpvm.hpvm import CHANGE_LIMIT, Hpvm, words
from opensvc_drivers_hpvm.parse_sharing import format_share_file, parse_share_file, parse_sharing

LISTING_LIMIT = 20.0
"""Seconds to list every device that HPVM knows."""


@frozen
class DiskGroup:
    """What is kept of the disks of one guest that its service lists as ``[vmdg]``.

    Attributes:
        service: name of the service.
        context: of the call.
    """

    service: str
    context: Context

    @classmethod
    def of(cls, container: Resource, context: Context) -> DiskGroup | None:
        """The disk group of a container's guest, ``None`` where its service has no ``[vmdg]`` for it."""
        for other in context.service_of(container).resources:
            if other.driver == "disk.vmdg" and other.container == container.rid:
                return cls(container.id.service, context)
        return None

    @property
    def share_file(self) -> Path:
        """``SPECIAL_FILE:YES|NO`` lines, written where the guest runs."""
        return self.context.node.folders.var / f"vg_{self.service}_vmdg.share"

    @property
    def special_files(self) -> Path:
        """``SPECIAL_FILE:WWID`` lines, written where the guest runs."""
        return self.context.node.folders.var / f"vg_{self.service}_vmdg.mksf"

    def files(self) -> tuple[Path, ...]:
        """Those of the two that exist."""
        return tuple(path for path in (self.share_file, self.special_files) if path.exists())

    def identities(self) -> dict[str, str]:
        """WWIDs by special file, as they were written. Raises ActionError if the file cannot be used."""
        return {each.path: each.wwid for each in load_special_files(self.special_files)}

    def write(self, paths: tuple[str, ...]) -> None:
        """Write both anew for these disks. Raises ActionError if that cannot be told: the old ones stay."""
        files = identify_special_files(paths, self.context)
        known = self._sharing()
        sharing = {path: is_shared for path in paths if (is_shared := known.get(path)) is not None}
        write_text(self.special_files, format_special_files(files))
        write_text(self.share_file, format_share_file(sharing))

    def apply(self) -> str:
        """On a node where the guest does not run: make special files, tell HPVM of the disks and who may share them.

        Returns:
            What was done in words, empty for nothing.

        Raises:
            ActionError: a file or HPVM's answer cannot be read, a disk is missing or another one, HPVM refuses.
        """
        made = restore_special_files(load_special_files(self.special_files), self.context)
        done = [f"special files made: {', '.join(made)}"] if made else []
        wanted = self._wanted()
        known = self._sharing() if wanted else {}
        for path, is_shared in wanted.items():
            hpvm = Hpvm(self.context)
            if path not in known:
                hpvm.change("hpvmdevmgmt", "-a", f"gdev:{path}", timeout=CHANGE_LIMIT)
            if known.get(path) is not is_shared:
                word = "YES" if is_shared else "NO"
                hpvm.change("hpvmdevmgmt", "-m", f"gdev:{path}:attr:SHARE={word}", timeout=CHANGE_LIMIT)
                done.append(f"SHARE={word} for {path}")
        return "; ".join(done)

    def _wanted(self) -> dict[str, bool]:
        try:
            return parse_share_file(self.share_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise ActionError(
                f"{self.share_file} cannot be used: {error}",
                code="share_file_unreadable",
                hint="write it anew where the guest runs (osvc diskupdate), and bring it here",
            ) from error

    def _sharing(self) -> dict[str, bool | None]:
        result = self.context.query("hpvmdevmgmt", "-l", "all", timeout=LISTING_LIMIT, check=False)
        try:
            if result.rc == 0:
                return parse_sharing(result.stdout)
            said = words(result)
        except ValueError as error:
            said = str(error)
        raise ActionError(f"cannot tell which devices guests may share: {said}", code="sharing_unknown")
