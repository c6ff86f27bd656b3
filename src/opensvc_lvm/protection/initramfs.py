"""The initial RAM filesystem: what LVM may activate before the root filesystem is there."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from attrs import frozen

from opensvc_core.api import CommandFailed, CommandNotFound, CommandTimeout
from opensvc_lvm.parse import complaint
from opensvc_lvm.protection.commands import REBUILD_LIMIT, Commands
from opensvc_lvm.protection.findings import Finding, Verdict

BOOT = Path("/boot")
LISTERS = ("lsinitramfs", "lsinitrd")
"""Commands that list what is in an image: of initramfs-tools, of dracut."""
BUILDERS = (("update-initramfs", "-u", "-k", "all"), ("dracut", "--force", "--regenerate-all"))
"""Commands that build the images of all kernels anew, of the same."""
_NAMES = ("initrd.img-{}", "initramfs-{}.img", "initrd-{}", "initramfs-{}")
_LIST_LIMIT = 120.0


@frozen
class Initramfs:
    """The image of the running kernel.

    Attributes:
        commands: of this node.
        release: of the running kernel, as ``uname -r`` has it.
        boot: where images lie.
    """

    commands: Commands
    release: str
    boot: Path = BOOT

    def find(self) -> Path | None:
        """The image, under the names of the usual distributions; ``None`` if it is not found."""
        candidates = (self.boot / name.format(self.release) for name in _NAMES)
        return next((path for path in candidates if path.is_file()), None)

    def check(self, files: Collection[Path]) -> Finding:
        """Whether the image was built after, and with, LVM's configuration.

        Args:
            files: of the configuration.
        """
        image = self.find()
        if image is None:
            text = f"no initramfs of the running kernel {self.release} in {self.boot}: cannot tell what it activates"
            return Finding("initramfs", Verdict.UNKNOWN, text)
        newer = [path.name for path in sorted(files) if path.exists() and _changed(path) > _changed(image)]
        if newer:
            text = f"{image} is older than {', '.join(newer)}: at boot LVM still goes by what was before"
            return Finding("initramfs", Verdict.BAD, text, "rebuild it: update-initramfs -u -k all, or dracut -f")
        names = self._names(image)
        if names is None:
            text = f"{image} is newer than the configuration; what is in it cannot be told (no {' or '.join(LISTERS)})"
            return Finding("initramfs", Verdict.UNKNOWN, text)
        if not any(name.endswith(("sbin/lvm", "bin/lvm")) for name in names):
            return Finding("initramfs", Verdict.OK, f"{image} has no LVM in it")
        if not any(name.endswith("etc/lvm/lvm.conf") for name in names):
            text = f"{image} has LVM in it, and no lvm.conf: it activates whatever it is asked for"
            return Finding("initramfs", Verdict.BAD, text, "rebuild it with /etc/lvm in it")
        return Finding("initramfs", Verdict.OK, f"{image} was built with the configuration")

    def rebuild(self) -> str:
        """Build the images of all kernels anew; gives back the command. Raises CommandNotFound, CommandFailed."""
        for argv in BUILDERS:
            try:
                result = self.commands.run(*argv, timeout=REBUILD_LIMIT, changes=True)
            except CommandNotFound:
                continue
            if result.rc != 0:
                said = complaint(result.stderr, result.stdout)
                raise CommandFailed(
                    f"`{' '.join(argv)}` ended with status {result.rc} and said: {said}",
                    argv=argv,
                    rc=result.rc,
                    stdout=result.stdout,
                    stderr=result.stderr,
                    hint="run it by hand; until then a boot goes by LVM's old configuration",
                )
            return " ".join(argv)
        raise CommandNotFound(
            "there is neither update-initramfs nor dracut to rebuild the initramfs with",
            argv=BUILDERS[0],
            hint="rebuild it as this distribution does, or say --no-initramfs",
        )

    def _names(self, image: Path) -> tuple[str, ...] | None:
        for lister in LISTERS:
            try:
                result = self.commands.run(lister, str(image), timeout=_LIST_LIMIT)
            except (CommandNotFound, CommandTimeout):
                continue
            if result.rc == 0:
                # lsinitrd prints lines of `ls -l`: the name stands last, or before an arrow.
                lines = (line.partition(" -> ")[0].split() for line in result.stdout.splitlines())
                return tuple(words[-1] for words in lines if words)
        return None


def _changed(path: Path) -> float:
    return path.stat().st_mtime
