"""The files by which a group goes from node to node: its map, and the special files of its disks."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from opensvc_core.api import (
    ActionError,
    CommandFailed,
    Context,
    SpecialFile,
    format_special_files,
    identify_special_files,
    load_special_files,
    write_text,
)
from opensvc_lvm.hpux.lvm import HpuxLvm
from opensvc_lvm.hpux.parse import complaint, is_map

PREVIEW_LIMIT = 20.0
"""Seconds for a ``vgexport -p``."""


@frozen
class GroupFiles:
    """What is kept of one group below ``var/``, under the names of 2010.

    Attributes:
        service: name of the service.
        group: name of the group.
        context: of the call.
    """

    service: str
    group: str
    context: Context

    def _path(self, kind: str) -> Path:
        return self.context.node.folders.var / f"vg_{self.service}_{self.group}.{kind}"

    @property
    def map(self) -> Path:
        """Identity of the group and names of its volumes, as ``vgexport`` writes them and ``vgimport`` reads."""
        return self._path("map")

    @property
    def special_files(self) -> Path:
        """``SPECIAL_FILE:WWID`` lines."""
        return self._path("mksf")

    def existing(self) -> tuple[Path, ...]:
        """Those of the two that exist."""
        return tuple(path for path in (self.map, self.special_files) if path.exists())

    def recorded_disks(self) -> tuple[SpecialFile, ...]:
        """Special files and WWIDs of the group's disks as they were written. Raises ActionError if unusable."""
        return load_special_files(self.special_files)

    def has_map(self) -> bool:
        """Whether there is a map that ``vgimport`` can read."""
        try:
            return is_map(self.map.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            return False

    def write(self, volumes: int | None) -> str:
        """Write both anew, for a group that is imported here and has that many volumes, where it is known; the map.

        Raises:
            ActionError: that cannot be told: the old ones stay.
        """
        disks = HpuxLvm(self.context).disks(self.group)
        if not disks:
            raise ActionError(f"LVM's table lists no disk of {self.group}", code="devices_unknown")
        special_files = identify_special_files(disks, self.context)
        text = self.write_map(volumes)
        write_text(self.special_files, format_special_files(special_files))
        return text

    def write_map(self, volumes: int | None) -> str:
        """Write the map anew, by a preview that changes nothing of the group; what it holds.

        Args:
            volumes: how many it must name, where that is known: without its name a volume comes back under another.

        Raises:
            ActionError: LVM gives none, or one that is not understood: the old one stays.
        """
        scratch = self.map.with_name(f".{self.map.name}.preview")
        self.map.parent.mkdir(parents=True, exist_ok=True)
        scratch.unlink(missing_ok=True)
        try:
            argv = ("vgexport", "-m", str(scratch), "-p", "-s", self.group)
            result = self.context.query(*argv, timeout=PREVIEW_LIMIT, check=False)
            text = scratch.read_text(encoding="utf-8", errors="replace") if scratch.exists() else ""
        finally:
            scratch.unlink(missing_ok=True)
        if result.rc != 0 or not is_map(text):
            said = complaint(result.stderr, result.stdout) if result.rc != 0 else f"a map that is none: {text[:80]!r}"
            raise CommandFailed(f"vgexport -p gave no map of {self.group}: {said}", argv=argv, rc=result.rc)
        named = len([line for line in text.splitlines()[1:] if line.strip()])
        if volumes is not None and named != volumes:
            raise CommandFailed(
                f"vgexport -p names {named} volumes of {self.group}, which has {volumes}", argv=argv, rc=result.rc
            )
        write_text(self.map, text)
        return text
